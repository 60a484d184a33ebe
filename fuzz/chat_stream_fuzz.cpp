// Any bytes as the stream of a chat completion: the same events however it is cut, chunks and a message, or the documented
// error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "berth/error.h"
#include "remote/chat_stream.h"
#include "remote/server_sent_events.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<berth::ServerSentEvent> events;
  berth::ServerSentEvents whole([&](const berth::ServerSentEvent& event) { events.push_back(event); });
  whole.feed(bytes);
  std::vector<berth::ServerSentEvent> others;
  berth::ServerSentEvents pieces([&](const berth::ServerSentEvent& event) { others.push_back(event); });
  for (std::size_t i = 0; i < size; ++i) pieces.feed(bytes.substr(i, 1));
  if (events != others) std::abort();

  berth::ChatStream stream;
  try {
    for (const auto& event : events) (void)stream.add(berth::Value::from_json(event.data));
  } catch (const berth::FormatError&) {
  } catch (const std::invalid_argument&) {
  }
  (void)stream.message([](const std::string&) {});
  return 0;
}
