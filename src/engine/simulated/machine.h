/// The accelerators of one simulated machine, as a registry of ggml.
#pragma once

#include <memory>
#include <vector>

#include "berth/inventory.h"
#include "engine/simulated/device.h"

namespace berth::simulated {

/// The devices of `inventory` that ggml could use on such a machine, the CPU left out.
std::vector<DeviceSpec> device_specs(const Inventory& inventory);

/// It must outlive what is loaded on its devices.
class Machine {
 public:
  /// `cpu` is ggml's device that computes. Throws std::runtime_error where that ggml has another interface than the one
  /// that is known here.
  Machine(std::vector<DeviceSpec> specs, ggml_backend_dev_t cpu);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  const std::vector<DeviceSpec>& specs() const { return specs_; }
  const std::vector<std::unique_ptr<SimulatedDevice>>& devices() const { return devices_; }
  ggml_backend_reg_t reg() { return &reg_; }

 private:
  std::vector<DeviceSpec> specs_;
  ggml_backend_reg reg_;
  std::vector<std::unique_ptr<SimulatedDevice>> devices_;
};

}  // namespace berth::simulated
