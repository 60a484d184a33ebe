#include "engine/llama/worker_server.h"

#include <ggml-backend.h>

#include "berth/error.h"
#include "engine/llama/backends.h"
#include "engine/llama/devices.h"

namespace berth::llama {
namespace {
using StartServer = void (*)(const char* endpoint, const char* cache_dir, std::size_t n_threads, std::size_t n_devices,
                             ggml_backend_dev_t* devices);

constexpr std::uint64_t longest_graph = 64 << 20;

/// The memory of the devices that are served without a limit.
std::uint64_t unlimited_bytes = 0;

}  // namespace

std::uint64_t longest_request() { return longest_graph + unlimited_bytes + held_within_limits(); }

void serve_devices(const std::vector<Device>& devices, const OrderedMap<DeviceKey>& keys, int n_threads,
                   const std::string& cache, const std::optional<MemoryLimit>& limit) {
  start_backends(Backends::without_drivers);
  const auto rpc = ggml_backend_reg_by_name("RPC");
  const auto start =
      rpc == nullptr
          ? nullptr
          : reinterpret_cast<StartServer>(ggml_backend_reg_get_proc_address(rpc, "ggml_backend_rpc_start_server"));
  if (start == nullptr) throw EngineError("llama.cpp", "", "this llama.cpp was built without RPC workers (GGML_RPC)");
  std::vector<ggml_backend_dev_t> handles;
  for (const auto& device : devices) {
    const auto* key = keys.find(device.str());
    handles.push_back(find_device(device, key == nullptr ? DeviceKey() : *key).handle);
    if (limit) {
      limit_memory(handles.back(), handles.size() - 1, *limit);
    } else {
      std::size_t free = 0;
      std::size_t total = 0;
      ggml_backend_dev_memory(handles.back(), &free, &total);
      unlimited_bytes += total;
    }
  }
  // A port of its own, at which nobody is listened to.
  start("127.0.0.1:0", cache.empty() ? nullptr : cache.c_str(), static_cast<std::size_t>(n_threads), handles.size(),
        handles.data());
  throw EngineError("llama.cpp", "", "ggml's RPC server does not start");
}

}  // namespace berth::llama
