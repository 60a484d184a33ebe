/// Units of a model, put onto devices.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "berth/device_map_plan.h"
#include "plan/device_map/placement_units.h"

namespace berth::plan {

/// What plain packings of the units reach. A yardstick: they do not care for the order of layers.
struct Reference {
  std::uint64_t off_accelerator_bytes = 0;
  std::uint64_t disk_bytes = 0;
  /// Of the splits into runs of units, parameters before buffers, the fullest accelerator of the best; where all fits.
  std::optional<std::uint64_t> busiest_contiguous_bytes = {};
};
/// `budgets` are in_order().
Reference reference_of(const std::vector<Unit>& units, const std::vector<MemoryBudget>& budgets);

/// A device for each unit: within all budgets, and no worse than the reference. Where all fits on the accelerators, each
/// has a run of units and the fullest has as little as possible, if there are such runs. Where something is offloaded, the
/// first accelerator keeps room for the largest offloaded unit that it could hold, and the CPU for what is on disk.
std::vector<Device> packed(const std::vector<Unit>& units, const std::vector<MemoryBudget>& budgets);

}  // namespace berth::plan
