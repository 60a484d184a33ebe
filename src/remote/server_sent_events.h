/// Server-sent events, as HTML's standard has them ("Server-sent events", 9.2.6: interpreting an event stream).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace berth {

struct ServerSentEvent {
  std::string event;  ///< empty: "message"
  std::string data;   ///< lines joined by "\n"

  bool operator==(const ServerSentEvent&) const = default;
};

/// Takes a stream apart that comes in pieces, cut at any byte.
class ServerSentEvents {
 public:
  explicit ServerSentEvents(std::function<void(const ServerSentEvent&)> on_event) : on_event_(std::move(on_event)) {}

  void feed(std::string_view bytes);
  /// The stream is over. Unlike in the standard, the event that it ends in needs no blank line: many services forget it.
  void finish();

 private:
  void end_line();
  void end_event();

  std::function<void(const ServerSentEvent&)> on_event_;
  std::string line_;
  std::string event_;
  std::string data_;  // each line with its "\n"
  bool after_cr_ = false;
  bool first_line_ = true;
};

}  // namespace berth
