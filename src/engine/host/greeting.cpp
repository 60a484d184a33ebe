#include "engine/host/greeting.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string_view>
#include <thread>

namespace berth::host {
namespace {

// ggml-rpc.cpp: the command HELLO, 8 bytes of length, and 24 bytes.
constexpr char hello = 14;
constexpr int greeting_bytes = 1 + 8 + 24;
constexpr char handshake_of_tls = 22;
constexpr std::chrono::milliseconds between_looks_at_a_part{1};

/// In the place of ggml's server, to the greeting that lies in the socket.
void answer(int socket, const std::string& bytes) {
  std::array<char, greeting_bytes> taken;
  if (recv(socket, taken.data(), taken.size(), MSG_DONTWAIT) == greeting_bytes)
    (void)!send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

Greeting greeting_of(int socket, process::Clock::time_point deadline) {
  std::array<char, greeting_bytes> bytes{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - process::Clock::now()).count();
    pollfd watched{socket, POLLIN | POLLRDHUP, 0};
    if (left <= 0 || poll(&watched, 1, static_cast<int>(left)) <= 0) return {"did not greet in time"};
    const auto got = recv(socket, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    if (got <= 0) return {"went away before it greeted"};
    if (bytes[0] == handshake_of_tls)
      return {"speaks TLS, and this worker does not: it is named HOST:PORT, without tls://"};
    if (bytes[0] != hello) return {"does not speak ggml's RPC"};
    if (got == greeting_bytes) break;
    if ((watched.revents & (POLLHUP | POLLRDHUP)) != 0) return {"went away before it greeted"};
    std::this_thread::sleep_for(between_looks_at_a_part);  // what lies there already would end each wait at once
  }
  return {.only_asks = std::string_view(bytes.data(), bytes.size()).ends_with(discovery::question_to_front)};
}

void answer_question(int socket, const discovery::WorkerIdentity& identity) {
  answer(socket, discovery::answer_to_question(identity));
}
void refuse(int socket, std::string_view why) { answer(socket, discovery::answer_of_refusal(why)); }

}  // namespace berth::host
