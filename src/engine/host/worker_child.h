/// The process that serves one client of a worker, as the worker's front sees it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "engine/host/connection.h"
#include "engine/host/last_words.h"
#include "engine/host/worker.h"
#include "engine/memory_count.h"
#include "process/child.h"

namespace berth::host {

/// It ends with this. Only shut_down() and end_if_frozen() may be called by another thread, while end() is not.
class WorkerChild {
 public:
  /// Starts it. `memory` counts what it holds where `options` limit that, and outlives it. Throws std::runtime_error where it
  /// cannot be started.
  explicit WorkerChild(const WorkerOptions& options, MemoryCount* memory = nullptr);
  ~WorkerChild();
  WorkerChild(const WorkerChild&) = delete;
  WorkerChild& operator=(const WorkerChild&) = delete;

  /// Whether it has its devices and waits for a client by then.
  bool is_ready_by(process::Clock::time_point time);
  bool has_ended();
  /// Gives it the connection of its client. False where it is gone.
  bool hand(int client);
  /// Waits until it ended: its client is gone, or it was shut down.
  void wait();
  /// What it does, it does no more.
  void shut_down() const { line_.shut_down(); }

  /// To be called each `between_signs_of_life` once it has a client: kills it where nothing was heard of it for too long.
  void end_if_frozen();

  /// Ends it and tells what is worth telling: "was ended by SIGABRT; its last words: ..."; empty where all went well.
  std::string end();

 private:
  WorkerChild(const WorkerOptions& options, MemoryCount* memory, std::pair<Descriptor, Descriptor> ends);

  MemoryCount* memory_;
  std::size_t number_ = 0;  // there
  Connection line_;
  LastWords words_;
  std::optional<process::Child> process_;
  bool was_heard_ = false;
  int silent_looks_ = 0;
  bool was_frozen_ = false;
};

}  // namespace berth::host
