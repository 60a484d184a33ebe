/// Whether the workers of a model are still there, asked while its process waits for them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "berth/device_key.h"
#include "berth/ordered_map.h"

namespace berth::host {

/// The workers that a model is to lie on, by the keys of its devices.
std::set<std::string> endpoints_of(const OrderedMap<DeviceKey>& keys);

/// A worker that computes for long and one that is frozen look the same to who waits for its answer. One that serves
/// several clients at once greets a second one all the same while it computes: it is lost when it does not. One that serves
/// one client at a time (ggml's own) is lost when it is on this machine and its process is stopped; elsewhere it is never called
/// lost here, but by FarEnds. Safe to use from several threads.
class WorkerWatch {
 public:
  /// To be called before a model is loaded there: learns which of them serve several clients, and answers those. All are asked
  /// side by side; who takes longer than two seconds to greet counts as one that serves one.
  std::set<std::string> expect(const std::set<std::string>& endpoints);

  /// Those of the last expect() of which nothing but time tells whether they are frozen.
  std::set<std::string> told_by_time() const;

  /// To be called again and again while nothing comes from the workers; takes no time itself. What is wrong with one of
  /// them; empty where nothing is.
  std::string look();

  /// Those of `endpoints` that do not greet now, or were found silent by look() since this was asked last.
  std::set<std::string> silent(const std::set<std::string>& endpoints);

 private:
  using Clock = std::chrono::steady_clock;
  /// A worker on this machine that serves one client at a time.
  struct Process {
    std::vector<pid_t> pids = {};
    Clock::time_point stopped_since = {};
    int stopped_looks = 0;  // in a row
  };

  std::set<std::string> stopped_too_long();

  mutable std::mutex mutex_;
  std::map<std::string, std::chrono::milliseconds> patience_;  // with those that serve several
  std::map<std::string, Process> here_;
  std::set<std::string> others_;
  std::set<std::string> lost_;
  std::future<std::set<std::string>> greeting_;
  Clock::time_point greeted_ = {};  // when the last one ended
};

}  // namespace berth::host
