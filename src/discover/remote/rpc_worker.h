/// The few messages of ggml's RPC protocol that tell what a worker has, spoken with a deadline. ggml's own client ends
/// the process when a worker cannot be reached.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace berth::discovery {

struct RpcEndpoint {
  std::string host;  ///< a name or an address, without brackets
  int port = 0;

  /// Of "worker:50052", "192.168.1.5:50052" or "[fe80::1]:50052". Throws std::invalid_argument naming it.
  static RpcEndpoint parse(std::string_view text);
};

/// Whether ggml's own client, which knows no IPv6, can be given this endpoint.
bool ggml_reaches(std::string_view endpoint);

/// Why a worker is of no use. what() names the endpoint.
struct RpcError : std::runtime_error {
  enum class Kind { unreachable, silent, too_old, other };

  RpcError(Kind kind_of, const std::string& message) : std::runtime_error(message), kind(kind_of) {}

  Kind kind;
};

struct RpcMemory {
  std::uint64_t free_bytes = 0;
  std::uint64_t total_bytes = 0;
};

/// A connection to one worker. The worker serves nobody else meanwhile. Every function throws RpcError.
class RpcWorker {
 public:
  /// Connects and greets. All that is asked later must be answered before the deadline, too.
  RpcWorker(const std::string& endpoint, std::chrono::milliseconds deadline);
  ~RpcWorker();
  RpcWorker(const RpcWorker&) = delete;
  RpcWorker& operator=(const RpcWorker&) = delete;

  const std::string& version() const;        ///< of its protocol, "7.0.0"
  const std::string& address() const;        ///< numeric, of the worker
  const std::string& local_address() const;  ///< of this end of the connection

  std::vector<RpcMemory> devices();
  /// The time from a question to its answer, the shortest of three.
  double round_trip_us();
  /// Sends `bytes` into a buffer that it allocates on that device, and gives it back.
  double bytes_per_s(std::uint32_t device, std::uint64_t bytes);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace berth::discovery
