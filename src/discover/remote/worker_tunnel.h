/// A port on loopback that leads to a worker by TLS or IPv6, for ggml's client, which knows plain TCP over IPv4 only.
///
///     const WorkerTunnel tunnel("tls://gpu-box:50052", keys_of_client("tls://gpu-box:50052"));
///     ggml_backend_rpc_add_server(tunnel.endpoint().c_str());
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "net/tls.h"
#include "text/descriptor.h"

namespace berth::discovery {

/// As long as it lives, each connection of this user's own processes to endpoint() becomes one to the worker; others are closed.
/// RpcWorker needs none of it, as it speaks TLS itself.
class WorkerTunnel {
 public:
  /// Listens; the worker is reached with each connection only, so that one which is gone and back is reached again. Throws
  /// std::system_error, std::invalid_argument for an endpoint that is none. `keys` are for TLS.
  WorkerTunnel(std::string worker, net::TlsKeys keys);
  ~WorkerTunnel();
  WorkerTunnel(const WorkerTunnel&) = delete;
  WorkerTunnel& operator=(const WorkerTunnel&) = delete;

  const std::string& endpoint() const { return endpoint_; }  ///< "127.0.0.1:40123"

 private:
  struct Passage;

  void accept_all();
  void pass(Passage& passage);

  std::string worker_;
  net::TlsKeys keys_;
  Descriptor listener_;
  std::string endpoint_;
  std::mutex mutex_;  // of what follows
  bool ending_ = false;
  std::list<Passage> passages_;
  std::thread accepting_;
};

}  // namespace berth::discovery
