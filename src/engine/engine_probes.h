/// The engines as sources of discovery.
#pragma once

#include <span>
#include <vector>

#include "discover/probe.h"

namespace berth {

/// Those of this build, in the order of engines(). Where an engine was built for GPUs it enters their drivers to list
/// them, and its probe runs in the program berth-engine-probe.
std::span<const discovery::Probe> engine_probes();

/// What the engines can use though a driver hangs, crashes or may not be entered; none where they are one with drivers.
std::vector<DeviceInfo> devices_without_drivers();

/// What `probes` of `options` and these engines find on `machine`; there is a CPU, at least.
Inventory take_inventory(const discovery::Machine& machine, const DiscoverOptions& options,
                         std::span<const discovery::Probe> engines);

}  // namespace berth
