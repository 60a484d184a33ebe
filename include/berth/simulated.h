/// Devices that need not exist, for engines to run on: what a plan for another machine does can be tried on this one.
///
///     const auto machine = simulate("cpu:8GiB,cuda:2x1GiB@20GB/s");
///     use_simulated(machine);
///     auto model = engine("llama.cpp").load({.model = "model.gguf", .device = Device::gpu(1),
///                                            .keys = machine.keys(Device::gpu(1))});
///     std::cout << is_simulated(model->info().keys.front().second);
#pragma once

#include "berth/device_key.h"
#include "berth/inventory.h"

namespace berth {

/// From here on the engines of this process load on the accelerators of `machine`, which simulate() made. Such a device
/// computes on this machine's CPU; it has the memory that it is said to have and no more, moves weights no faster than its
/// memory, and copies no faster than its link to the CPU. The CPU of `machine` is this one's, as it is. The process has
/// one such machine at a time: models that were loaded before stay on the devices of theirs. The same machine again keeps
/// its devices, with what they hold. resolve_here() and components look at `machine` from here on. Safe to call from several
/// threads. Throws std::invalid_argument for a machine that is not simulated, EngineError where this build has no engine or
/// its ggml is not known.
void use_simulated(const Inventory& machine);

/// Whether the device only exists in a simulated machine.
bool is_simulated(const DeviceKey& key);

}  // namespace berth
