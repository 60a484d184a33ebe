/// Whether the machines at the other ends of this process's TCP connections are still there.
#pragma once

#include <chrono>
#include <string>
#include <thread>

namespace berth::host {

/// ggml waits for a worker for ever. The kernel of a machine that is there acknowledges what is sent, whatever its
/// programs do: while this lives, a connection on which nothing was acknowledged for `patience` is shut down, so that who
/// waits there fails, and a line on standard error says so. It looks at all connections of the process.
class FarEnds {
 public:
  explicit FarEnds(std::chrono::milliseconds patience);

 private:
  std::jthread thread_;
};

}  // namespace berth::host
