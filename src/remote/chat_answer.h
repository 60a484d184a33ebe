/// The body of an answer to a chat, as it comes.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "berth/value.h"
#include "remote/http.h"
#include "remote/server_sent_events.h"

namespace berth {

/// Takes an answer apart into JSON: one piece for each event or, where a service does not stream though it was asked to,
/// the whole. Events that carry nothing, or come only to keep the connection open, are passed over.
class ChatAnswer {
 public:
  /// `request` is named in errors, and must outlive this.
  ChatAnswer(const HttpRequest& request, std::function<void(const Value&)> on_json)
      : request_(request), on_json_(std::move(on_json)), events_([this](const auto& event) { take(event); }) {}
  ChatAnswer(const ChatAnswer&) = delete;
  ChatAnswer& operator=(const ChatAnswer&) = delete;

  /// Whether a body of this kind begins so, rather than JSON.
  static bool is_event_stream(std::string_view body);

  /// Throws RemoteError for what is no JSON, and what `on_json` throws.
  void feed(std::string_view bytes);
  /// All has come: also takes what lacks its last end of line.
  void finish();

  /// Whether the service said that this was all: "[DONE]".
  bool is_done() const { return done_; }
  /// Whether anything that came was JSON.
  bool has_json() const { return has_json_; }
  /// The answer's first words, for messages: "it begins with '<html>'", or "it is empty".
  std::string beginning() const;

 private:
  enum class Form { unknown, events, json };

  void take(const ServerSentEvent& event);
  void take_lines(const std::string& data);

  const HttpRequest& request_;
  std::function<void(const Value&)> on_json_;
  ServerSentEvents events_;
  Form form_ = Form::unknown;
  std::string json_;
  std::string first_bytes_;
  bool has_json_ = false;
  bool done_ = false;
  bool ended_ = false;
};

/// The error for an answer that is no JSON.
RemoteError not_json(const HttpRequest& request, const FormatError& problem, std::string_view answer);

}  // namespace berth
