/// One call at a time; the others wait their turn.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <thread>

namespace berth {

class Turns {
 public:
  /// The right to go on, first come, first served as far as the mutex is; given back when it goes.
  class Turn {
   public:
    /// Waits for it. Not granted where `stop` asks for that. Throws std::invalid_argument on the thread that has the turn.
    Turn(Turns& turns, const std::stop_token& stop) : turns_(turns) {
      std::unique_lock lock(turns.mutex_);
      if (turns.running_ == std::this_thread::get_id())
        throw std::invalid_argument(
            "A call cannot be made from within the callback of another one; use a second session or model");
      granted_ = turns.free_.wait(lock, stop, [&] { return turns.running_ == std::thread::id(); });
      if (granted_) turns.running_ = std::this_thread::get_id();
    }
    ~Turn() {
      if (!granted_) return;
      {
        const std::lock_guard lock(turns_.mutex_);
        turns_.running_ = {};
      }
      turns_.free_.notify_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    bool granted() const { return granted_; }

   private:
    Turns& turns_;
    bool granted_ = false;
  };

 private:
  std::mutex mutex_;
  std::condition_variable_any free_;
  std::thread::id running_;
};

}  // namespace berth
