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

#include "discover/remote/rpc_endpoint.h"

namespace berth::discovery {

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

/// What a client sends as its capabilities, of which it has none, to ask whether somebody is there. The front of Berth's own workers
/// answers it by answer_to_question(), and starts no process for it; to ggml's server it is a greeting as any.
inline constexpr std::string_view question_to_front = "berth: anybody there?   ";

/// Which worker of Berth's own it is, whatever address it is reached at. 0 where that is not told.
struct WorkerIdentity {
  std::uint64_t host = 0;    ///< its machine, since that was started
  std::uint64_t worker = 0;  ///< its process

  bool operator==(const WorkerIdentity&) const = default;
};
/// For a worker that begins in this process.
WorkerIdentity new_identity();
std::string answer_to_question(const WorkerIdentity& identity);
/// What the front answers to a greeting in the place of ggml's server where it lets nobody in. `why` goes on after the name of the worker.
std::string answer_of_refusal(std::string_view why);

/// A connection to one worker, by TLS where its endpoint says so. One of plain ggml serves nobody else meanwhile. Every function throws RpcError.
class RpcWorker {
 public:
  /// Connects, within `to_connect` where that is less, and greets. All that is asked later must be answered before the
  /// deadline, too. For TLS with the keys of keys_of_client() (worker_link.h).
  RpcWorker(const std::string& endpoint, std::chrono::milliseconds deadline,
            std::chrono::milliseconds to_connect = std::chrono::milliseconds::max());
  /// Asks whether it is there, as the constructor does, and no more: `question_to_front`. Answers who it is.
  static WorkerIdentity ask_front(const std::string& endpoint, std::chrono::milliseconds deadline,
                                  std::chrono::milliseconds to_connect = std::chrono::milliseconds::max());
  ~RpcWorker();
  RpcWorker(const RpcWorker&) = delete;
  RpcWorker& operator=(const RpcWorker&) = delete;

  const std::string& version() const;        ///< of its protocol, "7.0.0"
  const std::string& address() const;        ///< numeric, of the worker
  const std::string& local_address() const;  ///< of this end of the connection

  std::vector<RpcMemory> devices();
  /// The time from a question to its answer, the shortest of what was asked before and, of a worker nearby, of three more.
  double round_trip_us();
  /// Sends `bytes` into a buffer that it allocates on that device, and gives it back.
  double bytes_per_s(std::uint32_t device, std::uint64_t bytes);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace berth::discovery
