#include "remote/server_sent_events.h"

namespace berth {

void ServerSentEvents::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {  // the second half of "\r\n"
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    line_ += bytes.substr(0, end);
    if (end == std::string_view::npos) return;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    end_line();
  }
}

void ServerSentEvents::finish() {
  if (!line_.empty()) end_line();
  end_event();
}

void ServerSentEvents::end_line() {
  auto line = std::exchange(line_, {});
  if (std::exchange(first_line_, false) && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
  if (line.empty()) return end_event();

  const auto colon = std::string_view(line).find(':');
  const auto name = std::string_view(line).substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : std::string_view(line).substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data")
    data_.append(value) += '\n';
  else if (name == "event")
    event_ = value;
}

void ServerSentEvents::end_event() {
  ServerSentEvent event{std::exchange(event_, {}), std::exchange(data_, {})};
  if (event.data.empty()) return;
  event.data.pop_back();
  on_event_(event);
}

}  // namespace berth
