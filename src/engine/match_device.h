/// The device of an engine that is a certain piece of hardware.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "berth/device.h"
#include "berth/device_key.h"
#include "berth/inventory.h"

namespace berth {

/// The name of the device `key` in `engine`; empty where the key has none.
std::string_view name_in(std::string_view engine, const DeviceKey& key);

/// The index in `own`, the devices as `engine` lists them (Engine::devices()), of the one that is `key`: by the engine's
/// own name for it, else by UUID, else by PCI address; the CPU needs no key. `wanted` is only what the device is called in
/// messages. Throws EngineError where no device is meant, where several may be, and where the name now belongs to other
/// hardware.
std::size_t match_device(std::string_view engine, const Device& wanted, const DeviceKey& key,
                         std::span<const DeviceInfo> own);

}  // namespace berth
