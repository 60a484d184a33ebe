#include "engine/llama/simulated_devices.h"

#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include "berth/error.h"
#include "engine/llama/backends.h"
#include "engine/match_device.h"
#include "engine/simulated/machine.h"

namespace berth::llama {
namespace {

/// What was once loaded may hold its devices, so that no machine ever goes. That takes hundreds of bytes a device.
struct SimulatedMachines {
  struct Each {
    std::unique_ptr<simulated::Machine> machine;
    std::vector<DeviceInfo> infos;  // of its devices
    Inventory inventory;
  };
  std::mutex mutex;
  std::vector<Each> all;  // the last one counts
};

SimulatedMachines& simulated_machines() {
  static auto* machines = new SimulatedMachines;  // never destroyed: a model may be freed after this file's objects
  return *machines;
}

}  // namespace

void set_simulated_machine(const Inventory& inventory) {
  start_backends(Backends::without_drivers);
  const HoldBackends hold;
  auto specs = simulated::device_specs(inventory);
  auto& [mutex, all] = simulated_machines();
  const std::lock_guard lock(mutex);
  if (!all.empty() && all.back().machine->specs() == specs) return;
  SimulatedMachines::Each added;
  try {
    added.machine =
        std::make_unique<simulated::Machine>(specs, ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU));
  } catch (const std::runtime_error& problem) {
    throw EngineError("llama.cpp", "", problem.what());
  }
  for (const auto& spec : specs) {
    auto info = *inventory.find(spec.device);
    info.engines = {{"llama.cpp", spec.name}};
    added.infos.push_back(std::move(info));
  }
  added.inventory = inventory;
  all.push_back(std::move(added));
}

std::optional<Inventory> simulated_machine() {
  auto& [mutex, all] = simulated_machines();
  const std::lock_guard lock(mutex);
  if (all.empty()) return std::nullopt;
  return all.back().inventory;
}

ggml_backend_dev_t simulated_device(const Device& wanted, const DeviceKey& key) {
  auto& [mutex, all] = simulated_machines();
  const std::lock_guard lock(mutex);
  if (all.empty())
    throw EngineError("llama.cpp", wanted.str(),
                      "the device is simulated, and this process has no simulated machine: call use_simulated(), or give "
                      "--simulate to the command");
  const auto& [machine, infos, inventory] = all.back();
  return machine->devices()[match_device("llama.cpp", wanted, key, infos)]->handle();
}

}  // namespace berth::llama
