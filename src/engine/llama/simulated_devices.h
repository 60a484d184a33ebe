/// The simulated machine of this process, for llama.cpp.
#pragma once

#include <ggml-backend.h>

#include <optional>

#include "berth/device.h"
#include "berth/device_key.h"
#include "berth/inventory.h"

namespace berth::llama {

/// See use_simulated(). Throws EngineError where ggml has another interface than the one that is known here.
void set_simulated_machine(const Inventory& machine);

/// The one of the last call; none: there was none.
std::optional<Inventory> simulated_machine();

/// ggml's device that is `key` on that machine. `wanted` is what the device is called in messages. Throws EngineError.
ggml_backend_dev_t simulated_device(const Device& wanted, const DeviceKey& key);

}  // namespace berth::llama
