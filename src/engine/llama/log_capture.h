/// llama.cpp logs through one callback for the whole process; this hands its messages to the call that caused them.
#pragma once

#include <string>

#include "berth/log.h"

namespace berth::llama {

/// While it lives, warnings and errors of llama.cpp on this thread go to `log`, and errors are kept.
/// Captures nest; the innermost one receives. Messages of threads without a capture are dropped.
class LogCapture {
 public:
  explicit LogCapture(LogCallback log = {});
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  /// The error messages so far, joined by "; ", or `otherwise` when there were none.
  std::string errors(const std::string& otherwise) const;

  /// From here on errors of llama.cpp are also printed on standard error, as the last that a process may say.
  static void print_errors();

  /// Sets the process-wide callback, once.
  static void install();

 private:
  static void receive(int level, const char* text, void* user_data);

  LogCallback log_;
  std::string errors_;
  LogCapture* outer_;
};

}  // namespace berth::llama
