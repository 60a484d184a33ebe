#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
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

}  // namespace

void TlsStream::relay(int plain) {
  SSL* ssl = parts_->ssl.get();
  Lane in;   // from the secured side
  Lane out;  // to it
  int looks_cut_off = 0;
  while (!in.is_over() && !out.is_over()) {
    short secured_events = 0;
    short plain_events = 0;
    bool moved = false;
    while (in.open && in.has_room()) {
      ERR_clear_error();
      const int got = SSL_read(ssl, in.bytes.data() + in.end, static_cast<int>(in.bytes.size() - in.end));
      if (got > 0) {
        in.end += static_cast<std::size_t>(got);
        moved = true;
        continue;
      }
      if (SSL_get_error(ssl, got) == SSL_ERROR_ZERO_RETURN)
        in.open = false;
      else
        secured_events |= parts_->events_to_wait_for(got);
      break;
    }
    if (!in.empty()) {
      const auto sent = ::send(plain, in.bytes.data() + in.begin, in.end - in.begin, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) {
        in.sent(static_cast<std::size_t>(sent));
        moved = true;
      } else if (errno == EAGAIN || errno == EINTR) {
        plain_events |= POLLOUT;
      } else {
        break;
      }
    }
    if (out.open && out.empty()) {
      const auto got = ::recv(plain, out.bytes.data(), out.bytes.size(), MSG_DONTWAIT);
      if (got > 0)
        out.end = static_cast<std::size_t>(got);
      else if (got < 0 && (errno == EAGAIN || errno == EINTR))
        plain_events |= POLLIN;
      else
        out.open = false;
      moved |= got >= 0;
    }
    while (!out.empty()) {
      ERR_clear_error();
      const int sent = SSL_write(ssl, out.bytes.data() + out.begin, static_cast<int>(out.end - out.begin));
      if (sent <= 0) {
        secured_events |= parts_->events_to_wait_for(sent);
        break;
      }
      out.sent(static_cast<std::size_t>(sent));
      moved = true;
    }
    if (moved) continue;
    // A side that is not waited for is not looked at, as a closed one would end each wait at once.
    std::array<pollfd, 2> watched = {{{secured_events == 0 ? -1 : parts_->socket, secured_events, 0},
                                      {plain_events == 0 ? -1 : plain, plain_events, 0}}};
    if (poll(watched.data(), watched.size(), look_ms) != 0)
      looks_cut_off = 0;
    else if (is_cut_off(parts_->socket) && ++looks_cut_off > 1)
      throw TlsError(TlsError::Kind::silent, "acknowledges nothing any more: the network is cut, or the machine is gone");
  }
  ERR_clear_error();
  SSL_shutdown(ssl);
  ERR_clear_error();
  shutdown(plain, SHUT_RDWR);
}

}  // namespace berth::net
