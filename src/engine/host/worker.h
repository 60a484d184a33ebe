/// Offers devices of this machine to other programs over ggml's RPC.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "berth/call_context.h"
#include "berth/device.h"
#include "berth/device_key.h"
#include "berth/ordered_map.h"
#include "berth/value.h"

namespace berth::host {

struct WorkerOptions {
  std::string listen = "127.0.0.1:50052";  ///< an address of this machine alone, and a port
  std::vector<Device> devices = {Device::cpu()};
  OrderedMap<DeviceKey> keys = {};  ///< as in LoadRequest
  int n_threads = 0;                ///< 0: the cores that this process may use
  std::string cache = {};           ///< a folder for tensors that came before; empty: none are kept

  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong.
  static WorkerOptions from_dict(const Value& dict);
};

/// Serves until `context` asks for an end. The worker runs in a process of its own: where a client makes it crash, that is
/// told to the log, and a new one serves the next. `on_ready` is called each time that it can be reached. Throws
/// std::invalid_argument for an address that other machines could reach, EngineError where no worker can be started.
void run_worker(const WorkerOptions& options, const CallContext& context, const std::function<void()>& on_ready);

/// What the process of a worker does, until `lifeline` is closed. Throws EngineError where it cannot serve.
void serve_worker(const WorkerOptions& options, int lifeline);

}  // namespace berth::host
