#include "engine/host/far_ends.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <optional>
#include <vector>

namespace berth::host {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds between_looks_there{500};

std::vector<int> open_descriptors() {
  std::vector<int> all;
  std::error_code problem;
  for (std::filesystem::directory_iterator each("/proc/self/fd", problem), end; !problem && each != end;
       each.increment(problem)) {
    const auto name = each->path().filename().string();
    int number = -1;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc()) all.push_back(number);
  }
  return all;
}

/// Of a connection that stands; none for anything else.
std::optional<tcp_info> connection_info(int descriptor) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_state != TCP_ESTABLISHED)
    return std::nullopt;
  return info;
}

/// The kernel asks the other end each second while nothing else goes there.
void keep_asking(int descriptor) {
  const int yes = 1;
  const int second = 1;
  const int many = 60;  // what to make of silence is decided here
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &second, sizeof second);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &second, sizeof second);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &many, sizeof many);
  setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
}

/// A program that takes nothing in is no reason: its kernel acknowledges the questions whether it may be sent more.
bool is_gone(const tcp_info& info, milliseconds patience) {
  return (info.tcpi_retransmits >= 2 || info.tcpi_probes >= 2) && milliseconds(info.tcpi_last_ack_recv) > patience;
}

std::string peer_of(int descriptor) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  std::array<char, INET_ADDRSTRLEN> text{};
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0 || address.sin_family != AF_INET ||
      inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size()) == nullptr)
    return "another machine";
  return std::string(text.data()) + ":" + std::to_string(ntohs(address.sin_port));
}

void look_at_connections(milliseconds patience) {
  for (const int descriptor : open_descriptors()) {
    const auto info = connection_info(descriptor);
    if (!info) continue;
    keep_asking(descriptor);
    if (!is_gone(*info, patience)) continue;
    std::fprintf(stderr, "%s has acknowledged nothing for %lld ms\n", peer_of(descriptor).c_str(),
                 static_cast<long long>(patience.count()));
    shutdown(descriptor, SHUT_RDWR);
  }
}

}  // namespace

FarEnds::FarEnds(milliseconds patience)
    : thread_([patience](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any ended;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
          look_at_connections(patience);
          ended.wait_for(lock, stop, between_looks_there, [] { return false; });
        }
      }) {}

}  // namespace berth::host
