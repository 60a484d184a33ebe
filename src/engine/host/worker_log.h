/// What a worker tells of its clients, and of those who are turned away.
#pragma once

#include <mutex>
#include <string>

#include "berth/log.h"
#include "process/child.h"

namespace berth::host {

/// Safe to use from several threads.
class WorkerLog {
 public:
  explicit WorkerLog(LogCallback log) : log_(std::move(log)) {}

  void warn(const std::string& what);
  /// Those who are turned away may come often: some are told at once, then one each second with the number of the others.
  void warn_of_stranger(const std::string& what);
  /// From here on nothing is told: what ends now was ended.
  void close();

 private:
  std::mutex mutex_;  // of what follows
  LogCallback log_;
  process::Clock::time_point last_stranger_{};
  double may_tell_ = 0;
  int untold_strangers_ = 0;
};

}  // namespace berth::host
