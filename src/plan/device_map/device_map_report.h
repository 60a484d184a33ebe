/// What a device map does with a model whose units are known.
#pragma once

#include <vector>

#include "berth/device_map_plan.h"
#include "plan/device_map/placement_units.h"

namespace berth::plan {

/// As check_device_map, where `units` are those of units_of for the request's dtype.
DeviceMapReport report_of(const ModuleGraph& graph, const std::vector<Unit>& units, const DeviceMap& map,
                          const DeviceMapRequest& request);

}  // namespace berth::plan
