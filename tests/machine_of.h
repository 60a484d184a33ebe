// Machines for tests that do not need more than devices.
#pragma once

#include <cstdint>
#include <vector>

#include "berth/inventory.h"

namespace berth::test {

/// One that an engine can use.
inline DeviceInfo usable(Device device, std::uint64_t free_bytes = 0) {
  return {.device = device, .total_bytes = free_bytes, .free_bytes = free_bytes, .engines = {{"llama.cpp", "X"}}};
}

inline Inventory machine_of(const std::vector<Device>& devices) {
  Inventory inventory;
  for (const auto& device : devices) inventory.devices.push_back(usable(device));
  return inventory;
}

}  // namespace berth::test
