/// The budgets of a request, as the strategies take them.
#pragma once

#include <vector>

#include "berth/device_map_plan.h"

namespace berth::plan {

/// GPUs by their ids, then mps, cpu and disk. Throws std::invalid_argument for a device that device maps do not have, or
/// that is there twice.
std::vector<MemoryBudget> in_order(const std::vector<MemoryBudget>& budgets);

inline bool is_accelerator(const Device& device) {
  return device.type() != DeviceType::cpu && device.type() != DeviceType::disk;
}

}  // namespace berth::plan
