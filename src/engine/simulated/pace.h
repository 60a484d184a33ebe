/// How long something takes on a simulated device.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace berth::simulated {

/// Memory or a link that moves bytes at a rate, for one user after the other. Safe to use from several threads.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  /// `bytes_per_s` 0: as fast as this machine; `latency_s` goes before each use.
  Pace(double bytes_per_s, double latency_s) : bytes_per_s_(bytes_per_s), latency_s_(latency_s) {}

  bool is_limited() const { return bytes_per_s_ > 0 || latency_s_ > 0; }

  /// Returns when `bytes` that began to move at `start` would have arrived.
  void wait(Clock::time_point start, std::uint64_t bytes);

 private:
  std::mutex mutex_;
  Clock::time_point busy_until_;
  double bytes_per_s_;
  double latency_s_;
};

}  // namespace berth::simulated
