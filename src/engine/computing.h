/// What the engine of this process computes now, and how long that took before: for who watches whether a worker still computes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace berth {

/// One call of the engine, while this lives. Safe to use from several threads.
class Computing {
 public:
  using Clock = std::chrono::steady_clock;

  /// A call that does not wait for its result leaves its tokens to the next one on this thread.
  explicit Computing(std::size_t tokens, bool waits = true);
  ~Computing();
  /// What was asked for is there, so that the time counts for others.
  void finish();
  Computing(const Computing&) = delete;
  Computing& operator=(const Computing&) = delete;

  struct Now {
    std::uint64_t number = 0;                ///< another one whenever a call has begun or ended
    std::optional<Clock::duration> usual{};  ///< none where nothing is computed, or nothing of that kind was before
  };
  static Now now();

 private:
  std::size_t tokens_;
  bool waits_;
  Clock::time_point started_ = Clock::now();
};

}  // namespace berth
