#include "remote/chat_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "berth/error.h"
#include "text/printable.h"
#include "text/trimmed.h"
#include "value/lenient_json.h"

namespace berth {
namespace {

constexpr std::size_t looked_at_bytes = 4096;
constexpr std::string_view before_text = " \t\r\n\xef\xbb\xbf";  // blanks and a byte order mark

/// Without keys, which services send back.
std::string beginning_of(std::string_view answer, const HttpRequest& request) {
  constexpr std::size_t told = 100;
  const auto text = redacted(std::string(answer.substr(0, looked_at_bytes)), request.secrets);
  const auto words = trimmed(text).substr(0, told);
  return words.empty() ? "it is empty" : fmt::format("it begins with {}", in_quotes(words));
}

/// With the error of an event of that name in its place.
Value with_error(const ServerSentEvent& event, Value json) {
  if (event.event != "error" || (json.is_object() && json.find("error") != nullptr)) return json;
  return Value::Object{{"error", std::move(json)}};
}

}  // namespace

bool ChatAnswer::is_event_stream(std::string_view body) {
  body.remove_prefix(std::min(body.find_first_not_of(before_text), body.size()));
  return body.starts_with(':') || body.starts_with("data:") || body.starts_with("event:") || body.starts_with("id:");
}

std::string ChatAnswer::beginning() const { return beginning_of(first_bytes_, request_); }

void ChatAnswer::feed(std::string_view bytes) {
  if (first_bytes_.size() < looked_at_bytes) first_bytes_ += bytes.substr(0, looked_at_bytes);
  if (form_ == Form::unknown) {
    const auto start = bytes.find_first_not_of(before_text);
    if (start != bytes.npos) form_ = bytes[start] == '{' || bytes[start] == '[' ? Form::json : Form::events;
    if (form_ == Form::json) bytes.remove_prefix(start);
  }
  if (form_ == Form::json)
    json_ += bytes;
  else
    events_.feed(bytes);
}

void ChatAnswer::finish() {
  ended_ = true;
  if (form_ == Form::json)
    take({.event = {}, .data = std::exchange(json_, {})});
  else
    events_.finish();
}

void ChatAnswer::take(const ServerSentEvent& event) {
  const auto data = trimmed(event.data);
  if (data.starts_with("[DONE]")) done_ = true;
  if (done_ || data.empty()) return;
  std::optional<Value> json;
  try {
    json = from_lenient_json(data);
  } catch (const FormatError& problem) {
    const bool is_ping = !event.event.empty() && event.event != "message";
    const bool is_cut = ended_ && form_ == Form::events;
    if (event.event == "error")
      json = data;
    else if (!is_ping && data.find('\n') != data.npos)
      return take_lines(event.data);
    else if (is_ping || is_cut)
      return;
    else
      throw not_json(request_, problem, data);
  }
  has_json_ = true;
  if (!json->is_null()) on_json_(with_error(event, *std::move(json)));
}

/// Some services leave out the blank line between events.
void ChatAnswer::take_lines(const std::string& data) {
  std::string_view rest = data;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    take({.event = {}, .data = std::string(rest.substr(0, end))});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

RemoteError not_json(const HttpRequest& request, const FormatError& problem, std::string_view answer) {
  return remote_error(request, fmt::format("The answer is not JSON: at byte {}, expected {}; {}", problem.offset(),
                                           problem.expected(), beginning_of(answer, request)));
}

}  // namespace berth
