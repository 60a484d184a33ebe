/// A mutex whose waiters can be told to give up.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>

#include "berth/error.h"

namespace berth {

class CancellableMutex {
  struct Unlock {
    void operator()(CancellableMutex* mutex) const {
      {
        const std::lock_guard lock(mutex->mutex_);
        mutex->taken_ = false;
      }
      mutex->free_.notify_one();
    }
  };

 public:
  using Lock = std::unique_ptr<CancellableMutex, Unlock>;

  /// Holds the mutex until what it answers goes. Throws Cancelled where `stop` asks for it before the mutex is free.
  [[nodiscard]] Lock lock(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!free_.wait(lock, stop, [this] { return !taken_; }))
      throw Cancelled("Waiting for another thread that loads the model was cancelled");
    taken_ = true;
    return Lock(this);
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any free_;
  bool taken_ = false;
};

}  // namespace berth
