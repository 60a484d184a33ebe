#include "engine/llama/worker_device.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <mutex>
#include <stdexcept>

#include "berth/error.h"
#include "discover/remote/rpc_worker.h"

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

/// A worker serves one client at a time, so that this connection ends before ggml makes its own.
std::size_t devices_of_worker(const std::string& endpoint) {
  discovery::RpcWorker worker(endpoint, patience);
  return worker.devices().size();
}

}  // namespace

ggml_backend_dev_t worker_device(const Device& wanted, const DeviceKey& key) {
  const auto fail = [&](std::string_view why) { throw EngineError("llama.cpp", wanted.str(), why); };
  const auto add = add_server();
  if (add == nullptr) fail("this llama.cpp was built without RPC workers (GGML_RPC)");
  if (!discovery::ggml_reaches(key.endpoint))
    fail(fmt::format("ggml reaches workers by a name or an IPv4 address only, not {}", key.endpoint));
  std::size_t count = 0;
  ggml_backend_reg_t server = nullptr;
  if (is_held(key.endpoint)) {
    server = add(key.endpoint.c_str());
    count = server == nullptr ? 0 : ggml_backend_reg_dev_count(server);
  } else {
    try {
      count = devices_of_worker(key.endpoint);
    } catch (const std::exception& problem) {
      fail(problem.what());
    }
    server = key.number < count ? add(key.endpoint.c_str()) : nullptr;
  }
  if (server == nullptr || key.number >= ggml_backend_reg_dev_count(server))
    fail(fmt::format("the RPC worker {} has no device {}; it has {}", key.endpoint, key.number, count));
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
