/// What a process printed on its standard error last, and what ended it, for messages.
#pragma once

#include <optional>
#include <string>

#include "process/child.h"
#include "text/descriptor.h"

namespace berth::host {

/// A pipe that never makes the process wait: what does not fit is dropped.
class LastWords {
 public:
  /// Throws std::system_error.
  LastWords();

  int for_reading() const { return here_; }
  int for_writing() const { return there_; }
  void close_writing() { there_.reset(); }  ///< once the process has it

  /// Takes in what is there.
  void read();

  /// "; its last words: ...", the last lines of what was read; empty where there are none.
  std::string text() const;

 private:
  Descriptor here_;
  Descriptor there_;
  std::string end_;
};

/// "was ended by SIGABRT", "ended with exit status 1".
std::string ending(const std::optional<process::Exit>& exit);

}  // namespace berth::host
