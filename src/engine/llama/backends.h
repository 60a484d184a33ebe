/// ggml's backends in this process: those inside libberth, and modules beside it.
#pragma once

#include <string>
#include <vector>

namespace berth::llama {

enum class Backends {
  without_drivers,  ///< the CPU and what is elsewhere; backends inside libberth are always there
  all,
};

/// Starts those that were not started before. Safe to call from several threads; waits for those that hold them. Throws
/// EngineError where this thread holds them itself and there is one to start.
void start_backends(Backends wanted);

/// While it lives, ggml's list of devices stays as it is: for whoever walks through it, llama.cpp among them.
class HoldBackends {
 public:
  HoldBackends();
  ~HoldBackends();
  HoldBackends(const HoldBackends&) = delete;
  HoldBackends& operator=(const HoldBackends&) = delete;
};

/// Whether some of this build are files of their own.
bool has_modules();

/// Whether starting all of them enters the drivers of GPUs.
bool backends_enter_drivers();

/// "the module cuda was not loaded: ...", for each that was to be started and could not.
std::vector<std::string> backend_problems();

/// Those, after a line that names the modules which were loaded.
std::vector<std::string> backend_notes();

}  // namespace berth::llama
