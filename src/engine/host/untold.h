/// Losses that nobody was told of yet: a question that has no log met them.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace berth::host {

/// Safe to use from several threads.
class Untold {
 public:
  void add(std::string what) {
    const std::lock_guard lock(mutex_);
    all_.push_back(std::move(what));
  }
  /// Whoever takes them tells them.
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(all_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> all_;
};

}  // namespace berth::host
