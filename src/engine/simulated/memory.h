/// The memory of simulated devices, counted in bytes.
#pragma once

#include <cstdint>
#include <mutex>

namespace berth::simulated {

/// One pool, which may be shared by several devices. Safe to use from several threads.
class Memory {
 public:
  /// `free_bytes` of `total_bytes` can be taken.
  Memory(std::uint64_t total_bytes, std::uint64_t free_bytes) : total_(total_bytes), free_(free_bytes) {}

  /// Answers false, and takes nothing, where less is free.
  bool take(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes > free_) return false;
    free_ -= bytes;
    return true;
  }
  void give_back(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    free_ += bytes;
  }
  std::uint64_t free_bytes() const {
    const std::lock_guard lock(mutex_);
    return free_;
  }
  std::uint64_t total_bytes() const { return total_; }

 private:
  mutable std::mutex mutex_;
  std::uint64_t total_;
  std::uint64_t free_;
};

}  // namespace berth::simulated
