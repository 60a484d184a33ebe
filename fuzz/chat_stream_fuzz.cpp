// Any bytes as the answer of a chat service: the same events and pieces however it is cut, chunks and a message, or the
// documented error.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "berth/error.h"
#include "remote/chat_answer.h"
#include "remote/chat_stream.h"
#include "remote/server_sent_events.h"
#include "remote/service_error.h"

namespace {

/// The message that comes of an answer, or the error.
std::string reply_to(std::string_view bytes, std::size_t step) {
  const berth::HttpRequest request{.url = "http://localhost/"};
  berth::ChatStream stream;
  std::string problem;
  try {
    berth::ChatAnswer answer(request, [&](const berth::Value& json) {
      if (!berth::error_in(json)) (void)stream.add(json);
    });
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) answer.feed(bytes.substr(0, step));
    answer.finish();
  } catch (const berth::RemoteError& error) {
    problem = error.what();
  } catch (const std::invalid_argument& error) {
    problem = error.what();
  }
  const auto message = stream.message([](const std::string&) {});
  auto parts = message.attributes();
  parts.erase("meta");  // of which the time differs
  return berth::Value(parts).to_json() + message.meta().at("finish_reason").to_json() + problem;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<berth::ServerSentEvent> events;
  berth::ServerSentEvents whole([&](const berth::ServerSentEvent& event) { events.push_back(event); });
  whole.feed(bytes);
  std::vector<berth::ServerSentEvent> others;
  berth::ServerSentEvents pieces([&](const berth::ServerSentEvent& event) { others.push_back(event); });
  for (std::size_t i = 0; i < size; ++i) pieces.feed(bytes.substr(i, 1));
  if (events != others) std::abort();

  const auto whole_reply = reply_to(bytes, size);
  if (whole_reply != reply_to(bytes, 1)) std::abort();
  return 0;
}
