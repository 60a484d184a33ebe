/// From a prompt to text on standard output.
#pragma once

#include <stop_token>
#include <string>

#include "berth/engine.h"

namespace berth::cli {

/// Prints replies as they are made; on a terminal without the control characters that a model may make.
class ReplyPrinter {
 public:
  ReplyPrinter();

  void print_part(std::string_view text);
  void print_all(const GenerationResult& result);
  /// Ends the line where the reply did not.
  void end();

 private:
  bool terminal_;
  bool in_line_ = false;
};

/// On standard error: what a generation had to do about its engine or a device.
void tell_warning(LogLevel level, std::string_view message);

/// Generates from `prompt`, printing while it does where `stream`. With several replies each has a heading.
GenerationResult answer(Session& session, Prompt prompt, const GenerationOptions& options, bool stream,
                        std::stop_token stop);

}  // namespace berth::cli
