#include "engine/llama/worker_device.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <mutex>
#include <stdexcept>

#include "berth/error.h"
#include "discover/remote/rpc_worker.h"
#include "discover/remote/worker_link.h"
#include "discover/remote/worker_tunnel.h"

namespace berth::llama {
namespace {

constexpr std::chrono::seconds patience{5};

using AddServer = ggml_backend_reg_t (*)(const char* endpoint);

AddServer add_server() {
  const auto rpc = ggml_backend_reg_by_name("RPC");
  return rpc == nullptr
             ? nullptr
             : reinterpret_cast<AddServer>(ggml_backend_reg_get_proc_address(rpc, "ggml_backend_rpc_add_server"));
}

struct HeldWorkers {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<const void>> endpoints;
};

HeldWorkers& held_workers() {
  static HeldWorkers it;
  return it;
}

bool is_held(const std::string& endpoint) {
  const std::lock_guard lock(held_workers().mutex);
  const auto found = held_workers().endpoints.find(endpoint);
  return found != held_workers().endpoints.end() && !found->second.expired();
}

/// What ggml's client is told for a worker. It knows an endpoint for as long as the process lives, and so does each tunnel:
/// without a client it is a port and a thread that waits.
std::string endpoint_for_ggml(const std::string& endpoint, bool needs_tunnel) {
  static std::mutex mutex;
  static auto& tunnels = *new std::map<std::string, discovery::WorkerTunnel>;
  const std::lock_guard lock(mutex);
  const auto found = tunnels.find(endpoint);
  if (found != tunnels.end()) return found->second.endpoint();
  if (!needs_tunnel) return endpoint;
  const auto keys = discovery::RpcEndpoint::parse(endpoint).tls ? discovery::keys_of_client(endpoint) : net::TlsKeys();
  return tunnels.try_emplace(endpoint, endpoint, keys).first->second.endpoint();
}

/// A worker of plain ggml serves one client at a time, so that this connection ends before ggml makes its own.
struct Seen {
  std::size_t devices = 0;
  bool needs_tunnel = false;
};
Seen see_worker(const std::string& endpoint) {
  discovery::RpcWorker worker(endpoint, patience);
  const bool is_ipv6 = worker.address().find(':') != std::string::npos;  // a name may stand for one
  return {worker.devices().size(), is_ipv6 || discovery::RpcEndpoint::parse(endpoint).tls};
}

}  // namespace

ggml_backend_dev_t worker_device(const Device& wanted, const DeviceKey& key) {
  const auto fail = [&](std::string_view why) { throw EngineError("llama.cpp", wanted.str(), why); };
  const auto add = add_server();
  if (add == nullptr) fail("this llama.cpp was built without RPC workers (GGML_RPC)");
  Seen seen;
  ggml_backend_reg_t server = nullptr;
  std::string endpoint;
  try {
    if (!is_held(key.endpoint)) seen = see_worker(key.endpoint);
    endpoint = endpoint_for_ggml(key.endpoint, seen.needs_tunnel);
  } catch (const std::exception& problem) {
    fail(problem.what());
  }
  if (is_held(key.endpoint)) {
    server = add(endpoint.c_str());
    seen.devices = server == nullptr ? 0 : ggml_backend_reg_dev_count(server);
  } else if (key.number < seen.devices) {
    server = add(endpoint.c_str());
  }
  if (server == nullptr || key.number >= ggml_backend_reg_dev_count(server))
    fail(fmt::format("the RPC worker {} has no device {}; it has {}", key.endpoint, key.number, seen.devices));
  return ggml_backend_reg_dev_get(server, key.number);
}

std::shared_ptr<const void> hold_worker(const std::string& endpoint) {
  const std::lock_guard lock(held_workers().mutex);
  auto& found = held_workers().endpoints[endpoint];
  auto mine = found.lock();
  if (!mine) found = mine = std::make_shared<const int>();
  return mine;
}

}  // namespace berth::llama
