/// A device map from the devices of units.
#pragma once

#include <vector>

#include "berth/device.h"
#include "plan/device_map/module_graph.h"
#include "plan/device_map/placement_units.h"

namespace berth::plan {

/// Entries in the order of the modules. A module without tensors lies where the one before it does. With `merged`, a
/// module that lies on one device as a whole is one entry.
DeviceMap unit_map(const ModuleGraph& graph, const std::vector<Unit>& units, const std::vector<Device>& devices,
                   bool merged);

}  // namespace berth::plan
