/// What a placement takes of each device.
#pragma once

#include <vector>

#include "berth/context_spec.h"
#include "berth/inventory.h"
#include "berth/model.h"
#include "berth/placement.h"

namespace berth::plan {

/// Weights and cache as memory_of() has them, without compute buffers: no graph is built, which takes most of its time.
std::vector<DeviceUse> stored_bytes(const ModelProfile& profile, const Placement& placement,
                                    const ContextSpec& context);

/// What `placement` leaves on the disk is not memory of the CPU: the file is mapped.
void set_disk_apart(std::vector<DeviceUse>& uses, const ModelProfile& profile, const Placement& placement);

/// What generation takes, with what is left on the disk apart.
std::vector<DeviceUse> generation_use(const ModelProfile& profile, const Placement& placement,
                                      const ContextSpec& context);

/// What the driver of such a device keeps for a process that uses it.
std::uint64_t driver_bytes(DeviceType type);

/// `uses` with each device's key, pool and overhead in `inventory`.
std::vector<DeviceUse> on_machine(std::vector<DeviceUse> uses, const Inventory& inventory);

}  // namespace berth::plan
