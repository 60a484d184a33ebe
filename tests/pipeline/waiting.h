/// Threads that wait for each other, without a clock.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>

namespace berth::test {

/// Returns once `stop` is requested.
inline void wait_for(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, stop, [] { return false; });
}

/// Counts those who came.
class Meeting {
 public:
  void come() {
    const std::lock_guard lock(mutex_);
    ++here_;
    all_here_.notify_all();
  }
  /// Returns once `count` have come.
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    all_here_.wait(lock, [&] { return here_ >= count; });
  }
  void come_and_wait_for(std::size_t count) {
    come();
    wait_for(count);
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_here_;
  std::size_t here_ = 0;
};

}  // namespace berth::test
