/// How errors are told: one line on standard error, and the exit code.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace berth::cli {

/// What the command line itself refuses.
class WrongUse : public std::invalid_argument {
 public:
  /// `command` is whose --help is to be read, such as "berth run".
  WrongUse(const std::string& message, const std::string& command);
};

/// Ended by a signal while it worked.
class Interrupted : public std::runtime_error {
 public:
  explicit Interrupted(int signal);

  int exit_code() const { return 128 + signal_; }

 private:
  int signal_;
};

/// Tells `problem` on standard error, with `json` also as the document on standard output; answers the exit code.
int report(const std::exception& problem, bool json);

/// The text for people: without control characters, on one line, with what helps.
std::string message_of(const std::exception& problem);

}  // namespace berth::cli
