/// What stands between a worker's port and the processes that serve: it decides who is let in.
#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "discover/remote/rpc_worker.h"
#include "engine/host/worker.h"
#include "engine/host/worker_child.h"
#include "engine/host/worker_log.h"
#include "engine/memory_count.h"

namespace berth::host {

/// Whoever is let in gets a process of his own, which ggml's server runs in. A plain connection is given to that process; what
/// comes by TLS is decrypted here and handed on. One process is always started ahead, so that a client waits for none.
class WorkerFront {
 public:
  WorkerFront(WorkerOptions options, WorkerDoor door, LogCallback log);
  ~WorkerFront();
  WorkerFront(const WorkerFront&) = delete;
  WorkerFront& operator=(const WorkerFront&) = delete;

  /// Serves until `stop`, at which all that was started has ended. Throws EngineError.
  void run(const std::stop_token& stop, const std::function<void()>& on_ready);

 private:
  struct Client;
  class Place;

  /// Waits for one who connects, or until it is time to look after those who are here.
  void accept_one(int listener);
  void end_frozen_children();
  void serve(Client& client);
  void make_room_for_one();
  /// Waits for the greeting that comes over `socket`, and gives it a process and a place. False for one who is turned away or only asks.
  bool greet(Client& client, int socket);
  void serve_plain(Client& client);
  void serve_by_tls(Client& client);
  std::unique_ptr<WorkerChild> new_child();
  /// A process that has `socket` as its client.
  void give(Client& client, int socket);
  void end_all();

  WorkerOptions options_;
  WorkerDoor door_;
  WorkerLog log_;
  discovery::WorkerIdentity identity_ = discovery::new_identity();
  std::optional<MemoryCount> memory_;  // where it is limited
  std::mutex mutex_;                   // of what follows
  std::unique_ptr<WorkerChild> spare_;
  std::list<Client> clients_;
  int places_taken_ = 0;
  std::condition_variable place_left_;
  process::Clock::time_point looked_at_{};
  std::atomic<bool> ending_{false};
};

}  // namespace berth::host
