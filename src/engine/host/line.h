/// One connection as the engine's process sees it: requests, one after the other, and the wish to end the one in work.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "engine/host/connection.h"

namespace berth::host {

struct Request {
  Message message;
  std::stop_token stop;
};

/// A thread of its own listens, so that a request can be cancelled while it is answered.
class Line {
 public:
  /// `on_end` is called on that thread when the other end was closed.
  Line(Descriptor socket, std::function<void()> on_end = {});
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  /// Waits for the next request; none, once the other end was closed.
  std::optional<Request> next();

  /// Throws ConnectionLost.
  void send(Kind kind, std::string_view body = {}) { connection_.send(kind, body); }

  /// Sends what `work` answers, or the exception that it throws.
  void answer(const std::function<std::string()>& work);

 private:
  void listen(const std::function<void()>& on_end);
  bool take(Message message);

  Connection connection_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Request> requests_;
  std::stop_source last_;  // of the request that came last
  bool ended_ = false;
  std::thread listener_;
};

}  // namespace berth::host
