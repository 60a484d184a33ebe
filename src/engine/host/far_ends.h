/// Whether the machines at the other ends of this process's TCP connections are still there.
#pragma once

#include <chrono>
#include <thread>

namespace berth::host {

/// ggml waits for a worker for ever. The kernel of a machine that is there acknowledges what is sent, whatever its
/// programs do: while this lives, a connection on which nothing was acknowledged for `patience` is shut down, so that who
/// waits there fails, and a line on standard error says so. It looks at all connections of the process.
///
/// A program that is frozen looks from here like one that computes. Where nothing else tells them apart (`by_time`), all
/// connections are shut down when the engine has waited in one call for ten times as long as such a call took before (Computing), and
/// for five seconds at least. What was never computed before is waited for.
class FarEnds {
 public:
  FarEnds(std::chrono::milliseconds patience, bool by_time);

 private:
  std::jthread thread_;
};

}  // namespace berth::host
