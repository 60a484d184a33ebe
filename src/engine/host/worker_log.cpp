#include "engine/host/worker_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace berth::host {
namespace {

constexpr double most_told_at_once = 20;  // strangers; one more with each second

}  // namespace

void WorkerLog::warn(const std::string& what) {
  const std::lock_guard lock(mutex_);
  if (log_) log_(LogLevel::warning, what);
}

void WorkerLog::warn_of_stranger(const std::string& what) {
  const std::lock_guard lock(mutex_);
  const auto now = process::Clock::now();
  const std::chrono::duration<double> since = now - std::exchange(last_stranger_, now);
  may_tell_ = std::min(most_told_at_once, may_tell_ + since.count());
  if (may_tell_ < 1) {
    ++untold_strangers_;
    return;
  }
  may_tell_ -= 1;
  const auto others = std::exchange(untold_strangers_, 0);
  if (log_) log_(LogLevel::warning, others == 0 ? what : fmt::format("{}; {} more before", what, others));
}

void WorkerLog::close() {
  const std::lock_guard lock(mutex_);
  log_ = nullptr;
}

}  // namespace berth::host
