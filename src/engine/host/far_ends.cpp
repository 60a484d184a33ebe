#include "engine/host/far_ends.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/computing.h"
#include "net/sockets.h"

namespace berth::host {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds between_looks_there{500};
constexpr int most_times_as_long = 10;
constexpr milliseconds least_wait{5000};

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

/// How long the engine has waited for others without computing anything itself, as far as it was looked at: what this process or this
/// machine was stopped for does not count.
class Waiting {
 public:
  /// To be called at each look. What is wrong; empty where nothing is.
  std::string too_long() {
    const auto now = Computing::now();
    const auto used = time_of_processor();
    const bool still_waits = now.usual && now.number == number_ && used - used_ < between_looks_there / 5;
    waited_ = still_waits ? waited_ + between_looks_there : milliseconds(0);
    number_ = now.number;
    used_ = used;
    if (!still_waits || waited_ < least_wait || waited_ < most_times_as_long * *now.usual) return {};
    return fmt::format("nothing came from the workers for {} ms, where the same took {} ms before", waited_.count(),
                       std::chrono::ceil<milliseconds>(*now.usual).count());
  }

 private:
  static std::chrono::nanoseconds time_of_processor() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }

  std::uint64_t number_ = 0;
  std::chrono::nanoseconds used_{};
  milliseconds waited_{};
};

void shut_down_all() {
  for (const int descriptor : open_descriptors())
    if (connection_info(descriptor)) shutdown(descriptor, SHUT_RDWR);
}

void look_at_connections(milliseconds patience) {
  for (const int descriptor : open_descriptors()) {
    const auto info = connection_info(descriptor);
    if (!info) continue;
    keep_asking(descriptor);
    if (!is_gone(*info, patience)) continue;
    std::fprintf(stderr, "%s has acknowledged nothing for %lld ms\n", net::name_of_peer(descriptor).c_str(),
                 static_cast<long long>(patience.count()));
    shutdown(descriptor, SHUT_RDWR);
  }
}

}  // namespace

FarEnds::FarEnds(milliseconds patience, bool by_time)
    : thread_([patience, by_time](const std::stop_token& stop) {
        Waiting waiting;
        std::mutex mutex;
        std::condition_variable_any ended;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
          look_at_connections(patience);
          if (const auto problem = waiting.too_long(); by_time && !problem.empty()) {
            std::fprintf(stderr, "%s\n", problem.c_str());
            shut_down_all();
          }
          ended.wait_for(lock, stop, between_looks_there, [] { return false; });
        }
      }) {}

}  // namespace berth::host
