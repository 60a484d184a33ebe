/// A device of ggml that need not exist: it computes on the CPU, in memory of the host that counts as its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "berth/device.h"
#include "engine/simulated/ggml_interface.h"
#include "engine/simulated/memory.h"
#include "engine/simulated/pace.h"

namespace berth::simulated {

/// What a device is to look like.
struct DeviceSpec {
  Device device = Device::gpu();
  std::string name = {};         ///< to ggml: "CUDA0"
  std::string description = {};  ///< "simulated cuda:0"
  std::string pool = {};         ///< devices with the same one share its memory
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;
  bool integrated = false;
  double memory_bytes_per_s = 0;  ///< 0: as fast as this machine
  double link_bytes_per_s = 0;    ///< to and from the CPU; 0: as fast as this machine
  double latency_s = 0;           ///< before each copy and each graph

  bool operator==(const DeviceSpec&) const = default;
};

/// What a backend of ggml for devices of that type has in common with all of them, as far as it shapes their memory.
/// It is what the planner knows of them too (src/plan/memory/engine_layout.cpp), from ggml 0.25.
struct Traits {
  std::size_t alignment = 32;        ///< of tensors
  std::int64_t row_elements = 1;     ///< rows of quantized tensors are padded to a multiple of so many
  std::int64_t offload_rows = 0;     ///< takes over products with the host's weights for so many rows; 0: never
  bool converts_cache = false;       ///< flash attention needs room for keys and values in F16
  bool pipelines = false;            ///< computes several batches at the same time
  bool pins_host_memory = false;     ///< has buffers in memory of the host that it reads itself
  bool limits_attention = false;     ///< flash attention for some sizes of heads and types of caches only
  bool joins_steps = false;          ///< computes several steps in one, whose sources must stay until the last
};
Traits traits_of(DeviceType type);

/// It must outlive its buffers and backends, so that whoever makes one keeps it until the process ends.
class SimulatedDevice {
 public:
  /// `cpu` computes. `reg` is what it belongs to.
  SimulatedDevice(DeviceSpec spec, std::shared_ptr<Memory> memory, ggml_backend_dev_t cpu, ggml_backend_reg_t reg);
  SimulatedDevice(const SimulatedDevice&) = delete;
  SimulatedDevice& operator=(const SimulatedDevice&) = delete;

  ggml_backend_dev_t handle() { return &handle_; }
  ggml_backend_buffer_type_t buffer_type() { return &buffer_type_; }
  ggml_backend_buffer_type_t host_buffer_type() { return traits_.pins_host_memory ? &host_buffer_type_ : nullptr; }
  ggml_backend_dev_t cpu() const { return cpu_; }

  const DeviceSpec& spec() const { return spec_; }
  const Traits& traits() const { return traits_; }
  const std::string& id() const { return id_; }
  const std::string& host_name() const { return host_name_; }
  Memory& memory() { return *memory_; }
  Pace& memory_pace() { return memory_pace_; }
  Pace& link_pace() { return link_pace_; }

 private:
  DeviceSpec spec_;
  Traits traits_;
  std::string id_;         // a PCI address that no machine has
  std::string host_name_;  // of buffers in memory of the host
  std::shared_ptr<Memory> memory_;
  Pace memory_pace_;
  Pace link_pace_;
  ggml_backend_dev_t cpu_;
  ggml_backend_device handle_;
  ggml_backend_buffer_type buffer_type_;
  ggml_backend_buffer_type host_buffer_type_;
};

inline SimulatedDevice& device_of(ggml_backend_dev_t handle) { return *static_cast<SimulatedDevice*>(handle->context); }

/// The parts of the device's interface, each in a file of its own.
ggml_backend_device_i device_interface();
ggml_backend_buffer_type_i buffer_type_interface();
ggml_backend_buffer_type_i host_buffer_type_interface();
/// A backend on the device; nullptr where the CPU has none.
ggml_backend_t new_backend(SimulatedDevice& device);
/// What is asked of such a backend beside its interface.
void set_n_threads(ggml_backend_t backend, int n_threads);
void set_abort_callback(ggml_backend_t backend, ggml_abort_callback callback, void* user_data);

}  // namespace berth::simulated
