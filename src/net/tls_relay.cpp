#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <vector>

#include "net/tls_parts.h"

namespace berth::net {
namespace {

constexpr int look_ms = 1000;
constexpr unsigned most_ms_without_acknowledgement = 5000;
constexpr unsigned char most_probes = 3;

/// Bytes that came from one side and are not yet with the other one.
struct Lane {
  std::vector<char> bytes = std::vector<char>(128U << 10U);
  std::size_t begin = 0;
  std::size_t end = 0;
  bool open = true;  ///< more may come

  bool empty() const { return begin == end; }
  bool has_room() const { return end < bytes.size(); }
  bool is_over() const { return !open && empty(); }
  void sent(std::size_t count) {
    begin += count;
    if (empty()) begin = end = 0;
  }
};

/// Whether the kernel at the other end answers no more: a cut network, or a machine that is gone. A process there that is
/// stopped or computes for long looks otherwise, since its kernel answers.
bool is_cut_off(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  return info.tcpi_last_ack_recv > most_ms_without_acknowledgement &&
         (info.tcpi_unacked > 0 || info.tcpi_probes >= most_probes);
}

/// Both directions of one relay.
class Relay {
 public:
  Relay(TlsStream::Parts& secured, int plain) : secured_(secured), plain_(plain) {}

  void run() {
    while (!in_.is_over() && !out_.is_over()) {
      secured_events_ = plain_events_ = 0;
      moved_ = false;
      read_secured();
      write_plain();
      read_plain();
      write_secured();
      if (!moved_) wait();
    }
  }

 private:
  SSL* ssl() { return secured_.ssl.get(); }

  void read_secured() {
    while (in_.open && in_.has_room()) {
      ERR_clear_error();
      const int got = SSL_read(ssl(), in_.bytes.data() + in_.end, static_cast<int>(in_.bytes.size() - in_.end));
      if (got <= 0) {
        if (SSL_get_error(ssl(), got) == SSL_ERROR_ZERO_RETURN) {
          in_.open = false;
          moved_ = true;
        } else {
          secured_events_ |= secured_.events_to_wait_for(got);
        }
        return;
      }
      in_.end += static_cast<std::size_t>(got);
      moved_ = true;
    }
  }

  void write_plain() {
    if (in_.empty()) return;
    const auto sent = ::send(plain_, in_.bytes.data() + in_.begin, in_.end - in_.begin, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      in_.sent(static_cast<std::size_t>(sent));
      moved_ = true;
    } else if (errno == EAGAIN || errno == EINTR) {
      plain_events_ |= POLLOUT;
    } else {
      in_.begin = in_.end = 0;
      in_.open = false;
      moved_ = true;
    }
  }

  void read_plain() {
    if (!out_.open || !out_.empty()) return;
    const auto got = ::recv(plain_, out_.bytes.data(), out_.bytes.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      plain_events_ |= POLLIN;
      return;
    }
    if (got > 0)
      out_.end = static_cast<std::size_t>(got);
    else
      out_.open = false;
    moved_ = true;
  }

  void write_secured() {
    while (!out_.empty()) {
      ERR_clear_error();
      const int sent = SSL_write(ssl(), out_.bytes.data() + out_.begin, static_cast<int>(out_.end - out_.begin));
      if (sent <= 0) {
        secured_events_ |= secured_.events_to_wait_for(sent);
        return;
      }
      out_.sent(static_cast<std::size_t>(sent));
      moved_ = true;
    }
  }

  void wait() {
    // A side that is not waited for is not looked at, as a closed one would end each wait at once.
    std::array<pollfd, 2> watched = {{{secured_events_ == 0 ? -1 : secured_.socket, secured_events_, 0},
                                      {plain_events_ == 0 ? -1 : plain_, plain_events_, 0}}};
    if (poll(watched.data(), watched.size(), look_ms) != 0)
      looks_cut_off_ = 0;
    else if (is_cut_off(secured_.socket) && ++looks_cut_off_ > 1)
      throw TlsError(TlsError::Kind::silent,
                     "acknowledges nothing any more: the network is cut, or the machine is gone");
  }

  TlsStream::Parts& secured_;
  int plain_;
  Lane in_;   // from the secured side
  Lane out_;  // to it
  short secured_events_ = 0;
  short plain_events_ = 0;
  bool moved_ = false;
  int looks_cut_off_ = 0;
};

}  // namespace

void TlsStream::relay(int plain) {
  Relay(*parts_, plain).run();
  ERR_clear_error();
  SSL_shutdown(parts_->ssl.get());
  ERR_clear_error();
  shutdown(plain, SHUT_RDWR);
}

}  // namespace berth::net
