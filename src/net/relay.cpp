#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <vector>

#include "net/sockets.h"

namespace berth::net {
namespace {

/// Bytes on their way from one socket to another.
class OneWay {
 public:
  OneWay(int from, int to) : from_(from), to_(to) {}

  bool is_empty() const { return begin_ == end_; }
  pollfd wanted() const { return is_empty() ? pollfd{from_, POLLIN, 0} : pollfd{to_, POLLOUT, 0}; }

  /// Takes in, or gives out, what can be had at once. False at the end of either.
  bool move() {
    if (is_empty()) {
      const auto got = ::recv(from_, bytes_.data(), bytes_.size(), MSG_DONTWAIT);
      if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
      begin_ = 0;
      end_ = static_cast<std::size_t>(got);
      return true;
    }
    const auto sent = ::send(to_, bytes_.data() + begin_, end_ - begin_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    begin_ += static_cast<std::size_t>(sent);
    return true;
  }

 private:
  int from_;
  int to_;
  std::vector<char> bytes_ = std::vector<char>(std::size_t{128} << 10U);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace

void relay(int near, int far, const std::function<bool()>& may_answer) {
  OneWay out(near, far);
  OneWay in(far, near);
  bool answered = false;
  for (;;) {
    std::array<pollfd, 2> watched = {{out.wanted(), in.wanted()}};
    if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
    if (watched[0].revents != 0 && !out.move()) return;
    if (watched[1].revents != 0 && !in.move()) return;
    if (answered || in.is_empty()) continue;
    answered = true;
    if (!may_answer()) return;
  }
}

}  // namespace berth::net
