/// The process that serves one client of a worker, as the worker's front sees it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "engine/host/connection.h"
#include "engine/host/last_words.h"
#include "engine/host/worker.h"
#include "process/child.h"

namespace berth::host {

/// It ends with this. Only shut_down() may be called by another thread.
class WorkerChild {
 public:
  /// Starts it. Throws std::runtime_error where that cannot be.
  explicit WorkerChild(const WorkerOptions& options);
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

  /// Ends it and tells what is worth telling: "was ended by SIGABRT; its last words: ..."; empty where all went well.
  std::string end();

 private:
  WorkerChild(const WorkerOptions& options, std::pair<Descriptor, Descriptor> ends);

  Connection line_;
  LastWords words_;
  std::optional<process::Child> process_;
};

}  // namespace berth::host
