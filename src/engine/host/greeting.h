/// The first bytes of a plain client of ggml's RPC.
#pragma once

#include <string>
#include <string_view>

#include "discover/remote/rpc_worker.h"
#include "process/child.h"

namespace berth::host {

struct Greeting {
  std::string problem = {};  ///< why it is none: "does not speak ggml's RPC"; empty where it is one
  bool only_asks = false;    ///< whether somebody is there: discovery::question_to_front
};

/// Waits until a client's greeting lies in the socket, and leaves it there.
Greeting greeting_of(int socket, process::Clock::time_point deadline);

/// Answers one that only asks.
void answer_question(int socket, const discovery::WorkerIdentity& identity);
/// Answers that nobody is let in, and why: discovery::answer_of_refusal().
void refuse(int socket, std::string_view why);

}  // namespace berth::host
