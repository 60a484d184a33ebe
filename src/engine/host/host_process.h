/// The program berth-engine-host, which runs one model, as its starter sees it.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "berth/value.h"
#include "engine/host/connection.h"
#include "engine/host/last_words.h"
#include "engine/host/worker_watch.h"
#include "process/child.h"

namespace berth::host {

/// How its end is told: which engine, and on which devices.
struct Subject {
  std::string engine;
  std::string devices;
};

/// It ends with this, at once and whatever it does. Safe to use from several threads, each with a connection of its own.
class HostProcess {
 public:
  /// Throws std::runtime_error where the program is not there or cannot be started. One that neither answers nor computes
  /// for `patience` while it is asked counts as lost; 0: never. So does one that waits for a worker that `watch` says is
  /// gone.
  HostProcess(Subject subject, std::chrono::seconds patience, std::shared_ptr<WorkerWatch> watch);
  ~HostProcess();
  HostProcess(const HostProcess&) = delete;
  HostProcess& operator=(const HostProcess&) = delete;

  pid_t pid() const { return pid_; }
  const WorkerWatch& watch() const { return *watch_; }
  Connection& control() { return *control_; }
  /// One more connection. Throws EngineLost.
  std::unique_ptr<Connection> connect();

  /// These throw EngineLost where the process ended, hangs or sends what makes no sense. It is killed then.
  void send(Connection& connection, Kind kind, std::string_view body = {}, int descriptor = -1);
  Message receive(Connection& connection,
                  const std::stop_token& stop = {});  ///< patience is short once that is asked for
  Value json_of(const Message& message);

  /// What a question on control() is answered, one at a time. Throws as these, and what went wrong there.
  Value ask(Kind kind, const Value& what, const std::stop_token& stop = {});

  /// Ends the process and throws EngineLost with what ended it and the last lines of its log.
  [[noreturn]] void lose(std::string_view problem);

 private:
  void end(std::chrono::milliseconds grace);

  Subject subject_;
  std::chrono::seconds patience_;
  std::shared_ptr<WorkerWatch> watch_;
  std::unique_ptr<Connection> control_;
  std::mutex asking_;
  std::mutex mutex_;                       // of what follows
  std::unique_ptr<process::Child> child_;  // until it ended
  pid_t pid_ = -1;
  std::optional<process::Exit> exit_;
  LastWords log_;
};

}  // namespace berth::host
