#include "engine/host/line.h"

#include <utility>

#include "engine/host/failure.h"

namespace berth::host {
namespace {
constexpr std::size_t most_waiting = 4096;
}  // namespace

Line::Line(Descriptor socket, std::function<void()> on_end)
    : connection_(std::move(socket)), listener_([this, on_end = std::move(on_end)] { listen(on_end); }) {}

Line::~Line() {
  connection_.shut_down();
  listener_.join();
}

void Line::listen(const std::function<void()>& on_end) {
  try {
    while (auto message = connection_.receive())
      if (!take(std::move(*message))) break;
  } catch (const std::exception&) {  // nobody is left whom it could be told
  }
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    last_.request_stop();
  }
  came_.notify_all();
  if (on_end) on_end();
}

/// False for more requests than anybody sends who waits for answers.
bool Line::take(Message message) {
  const std::lock_guard lock(mutex_);
  if (message.kind == Kind::cancel) {
    last_.request_stop();
    return true;
  }
  last_ = {};
  requests_.push_back({std::move(message), last_.get_token()});
  came_.notify_all();
  return requests_.size() <= most_waiting;
}

std::optional<Request> Line::next() {
  std::unique_lock lock(mutex_);
  came_.wait(lock, [this] { return ended_ || !requests_.empty(); });
  if (requests_.empty()) return std::nullopt;
  auto request = std::move(requests_.front());
  requests_.pop_front();
  return request;
}

void Line::answer(const std::function<std::string()>& work) {
  std::string body;
  auto kind = Kind::done;
  try {
    body = work();
  } catch (const ConnectionLost&) {
    throw;
  } catch (...) {
    kind = Kind::failed;
    body = failure_json();
  }
  send(kind, body);
}

}  // namespace berth::host
