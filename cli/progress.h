/// How far something is, for who waits at a terminal.
#pragma once

#include <chrono>
#include <string>

namespace berth::cli {

/// A bar on standard error, only where that is a terminal and only after a second; gone when done.
class Progress {
 public:
  explicit Progress(std::string what) : what_(std::move(what)) {}
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(float part);  ///< 0 to 1

 private:
  std::string what_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  int shown_percent_ = -1;
};

}  // namespace berth::cli
