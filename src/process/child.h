/// Programs that run beside this one, as long as it wants.
///
///     process::Child child({.arguments = {"/usr/libexec/berth/berth-probe", "cuda"}});
///     std::string answer;
///     while (child.read_some(answer)) {}
///     child.kill(process::Child::Victims::all);
///     const auto how = child.reap(Clock::now() + std::chrono::seconds(1));
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "process/spawn.h"
#include "text/descriptor.h"

namespace berth::process {

using Clock = std::chrono::steady_clock;

/// What ended a process.
struct Exit {
  bool by_signal = false;
  int number = 0;  ///< of the signal, else the exit status

  bool operator==(const Exit&) const = default;
};

/// A process that writes its answer to descriptor 3. This program may have a handler that takes the exit status of all
/// children, or ignore SIGCHLD.
class Child {
 public:
  enum class Victims { only_itself, all };  ///< all: also the processes that it started

  /// Starts it (see spawn()). Throws std::system_error.
  explicit Child(Command command);
  /// Starts it with files of the caller's as descriptor 3 and for its errors; nothing is read from it here.
  Child(Command command, int third, int errors);
  /// Kills it with all that it started, and does not wait for it: reap_undead() does.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Whether more of its answer may come: it has not closed it, and close() was not called.
  bool listens() const { return answer_ >= 0; }
  void close() { answer_.reset(); }

  /// Appends what comes next, and waits for it. False, once nothing more will come.
  bool read_some(std::string& answer);

  pid_t pid() const { return pid_; }  ///< until reap()

  void kill(Victims victims) const;

  /// Waits until it ended, for reap() to tell what ended it. False where it lives at `time`.
  bool ends_by(Clock::time_point time) const;

  /// What ended it, once; none where somebody else took the exit status. One that is not dead by then, as it sits in the
  /// kernel, counts as killed and is left to reap_undead().
  std::optional<Exit> reap(Clock::time_point dead_by);

 private:
  friend std::vector<bool> wait_for_some(std::span<Child* const> children, std::chrono::milliseconds timeout);

  Descriptor answer_;
  pid_t pid_ = -1;
};

/// Waits for `timeout` at most until one of them can be read, or has ended, and tells which ones. All of them listen.
std::vector<bool> wait_for_some(std::span<Child* const> children, std::chrono::milliseconds timeout);

/// Takes the exit status of those that died after nobody waited for them any more. Costs nothing where there are none.
void reap_undead();

}  // namespace berth::process
