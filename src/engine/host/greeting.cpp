#include "engine/host/greeting.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace berth::host {
namespace {

// ggml-rpc.cpp: the command HELLO, 8 bytes of length, and 24 bytes.
constexpr unsigned char hello = 14;
constexpr int greeting_bytes = 1 + 8 + 24;
constexpr unsigned char handshake_of_tls = 22;

void wake_at(int socket, int bytes) { setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes); }

}  // namespace

std::string problem_of_greeting(int socket, process::Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - process::Clock::now()).count();
    pollfd watched{socket, POLLIN, 0};
    if (left <= 0 || poll(&watched, 1, static_cast<int>(left)) <= 0) return "did not greet in time";
    std::array<unsigned char, greeting_bytes> bytes{};
    const auto got = recv(socket, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    if (got <= 0) return "went away before it greeted";
    if (bytes[0] == handshake_of_tls)
      return "speaks TLS, and this worker does not: it is named HOST:PORT, without tls://";
    if (bytes[0] != hello) return "does not speak ggml's RPC";
    if (got == greeting_bytes) break;
    if ((watched.revents & POLLHUP) != 0) return "went away before it greeted";
    wake_at(socket, greeting_bytes);
  }
  wake_at(socket, 1);
  return {};
}

}  // namespace berth::host
