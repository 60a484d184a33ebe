/// Memory that is kept for a model from its plan until it goes, known to all processes of this user.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <mutex>
#include <optional>
#include <vector>

#include "berth/placement.h"
#include "berth/running.h"
#include "text/descriptor.h"

namespace berth {

/// Safe to use from several threads. Where no other process can be told, it does nothing.
class Reservation {
 public:
  /// `most` is what the model may take by its plan.
  Reservation(std::filesystem::path model, std::vector<DeviceUse> most);
  ~Reservation();
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  /// What it takes now; the rest of `most` stays kept.
  void set_held(std::vector<DeviceUse> held);

  const std::vector<DeviceUse>& most() const { return most_; }

  /// As others see it.
  RunningModel model() const;

  /// To be called in a process that runs a model for another one, before it keeps anything.
  static void keep_for(pid_t owner);

  /// Keeps nothing any more, as another process does from here on.
  void release();

 private:
  void write() const;

  mutable std::mutex mutex_;
  std::vector<DeviceUse> most_;
  RunningModel model_;
  std::filesystem::path file_;
  std::optional<Descriptor> lock_;  // as long as this lives
};

/// While it lives, no other process plans or reserves. Nothing where there is no folder to share, or where another process
/// does not end its own.
std::optional<Descriptor> lock_of_planning();

}  // namespace berth
