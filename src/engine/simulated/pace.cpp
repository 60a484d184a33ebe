#include "engine/simulated/pace.h"

#include <algorithm>
#include <thread>

namespace berth::simulated {

void Pace::wait(Clock::time_point start, std::uint64_t bytes) {
  if (!is_limited()) return;
  const double seconds = latency_s_ + (bytes_per_s_ > 0 ? static_cast<double>(bytes) / bytes_per_s_ : 0);
  Clock::time_point end;
  {
    const std::lock_guard lock(mutex_);
    busy_until_ = std::max(busy_until_, start) +
                  std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::min(seconds, 1e6)));
    end = busy_until_;
  }
  // A sleep may end some tenths of a millisecond late.
  constexpr std::chrono::microseconds imprecise{300};
  if (end - Clock::now() > imprecise) std::this_thread::sleep_until(end - imprecise);
  while (Clock::now() < end) std::this_thread::yield();
}

}  // namespace berth::simulated
