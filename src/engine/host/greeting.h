/// The first bytes of a plain client of ggml's RPC.
#pragma once

#include <string>

#include "process/child.h"

namespace berth::host {

/// Waits until a client's greeting lies in the socket, and leaves it there. Answers why what came is none: "does not speak ggml's
/// RPC"; empty where it is one.
std::string problem_of_greeting(int socket, process::Clock::time_point deadline);

}  // namespace berth::host
