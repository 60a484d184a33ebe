/// What kinds of templates differ in.
#pragma once

#include <chrono>
#include <functional>

namespace berth::jinja {

struct Environment {
  bool chat = false;              ///< as transformers renders chat templates; else as Haystack's PromptBuilder does
  bool checks_functions = true;   ///< filters and tests that do not exist are refused before it is run
  bool strict_undefined = false;  ///< what has no value cannot be used, only tested; else it counts as empty
  bool messages = false;          ///< {% message %} blocks and the filter templatize_part

  bool trim_blocks() const { return chat; }
  bool lstrip_blocks() const { return chat; }
  bool loop_controls() const { return chat; }
  bool immutable() const { return chat; }  ///< the sandbox lets no method change a list or a dictionary

  using Clock = std::chrono::system_clock;
  std::function<Clock::time_point()> clock = Clock::now;  ///< of strftime_now()
};

}  // namespace berth::jinja
