/// Offers devices of this machine to other programs over ggml's RPC.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "berth/call_context.h"
#include "berth/device.h"
#include "berth/device_key.h"
#include "berth/ordered_map.h"
#include "berth/value.h"
#include "net/tls.h"
#include "text/descriptor.h"

namespace berth::host {

struct WorkerOptions {
  std::vector<Device> devices = {Device::cpu()};
  OrderedMap<DeviceKey> keys = {};  ///< as in LoadRequest
  int n_threads = 0;                ///< 0: the cores that this process may use
  std::string cache = {};           ///< a folder for tensors that came before; empty: none are kept
  /// What all clients together may take of each device; none: what it has.
  std::optional<std::uint64_t> memory_bytes = {};
  /// A client that asks for nothing for so long is ended; 0: after ten minutes where it holds no memory, else never.
  int idle_s = 0;
  std::uint64_t cache_bytes = std::uint64_t{64} << 30U;  ///< of tensors that are kept in `cache`, at most

  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong.
  static WorkerOptions from_dict(const Value& dict);
};

/// Where a worker is reached, and by whom.
struct WorkerDoor {
  enum class Who {
    this_user,     ///< processes of this user on this machine
    this_machine,  ///< all processes on this machine
    key_holders,   ///< by TLS, whoever shows a certificate that is accepted
    everybody      ///< whoever can reach it, unencrypted
  };

  std::string listen = "127.0.0.1:50052";
  Who who = Who::this_user;
  net::TlsKeys tls = {};                     ///< for key_holders
  int connections = 16;                      ///< at the same time; each has a process of its own
  std::chrono::milliseconds patience{5000};  ///< for who connects, until he has shown that he is a client
};

/// Serves until `context` asks for an end. Each client has a process of its own: what makes that one crash costs no other one, and
/// is told to the log, as is who was turned away. `on_ready` is called once, when clients can come. Throws std::invalid_argument
/// where `who` may not come to that address, net::TlsError for keys that are of no use, std::runtime_error for such a folder,
/// EngineError where no worker can be started.
void run_worker(const WorkerOptions& options, const WorkerDoor& door, const CallContext& context,
                const std::function<void()>& on_ready);

}  // namespace berth::host
