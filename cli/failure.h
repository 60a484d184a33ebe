/// How errors are told: a line on standard error for each, and the exit code.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

/// What the command line itself refuses.
class WrongUse : public std::invalid_argument {
 public:
  /// `command` is whose --help is to be read, such as "berth run".
  WrongUse(const std::string& message, const std::string& command);
};

/// Several things that are wrong with one file.
class Problems : public std::runtime_error {
 public:
  explicit Problems(std::vector<std::string> all);

  const std::vector<std::string>& all() const { return all_; }

 private:
  std::vector<std::string> all_;
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

/// `text` on one line, with blanks for its line ends. A command that it ends with stays one that can be pasted.
std::string on_one_line(std::string_view text);

/// The text for people: without control characters, on one line, with what helps.
std::string message_of(const std::exception& problem);

}  // namespace berth::cli
