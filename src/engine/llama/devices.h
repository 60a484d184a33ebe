/// The devices that ggml has in this process, and the one of them that a DeviceKey means.
#pragma once

#include <ggml-backend.h>

#include <vector>

#include "berth/device.h"
#include "berth/device_key.h"
#include "berth/inventory.h"
#include "engine/llama/backends.h"

namespace berth::llama {

struct EngineDevice {
  ggml_backend_dev_t handle;
  Device device;  ///< what it is called in messages
};

/// All compute devices, in ggml's order; workers are not among them.
std::vector<EngineDevice> list_devices(Backends wanted);

/// Makes a context on a GPU, which costs hundreds of MiB of its memory until the process ends.
DeviceInfo info_of(const EngineDevice& found);
std::vector<DeviceInfo> infos_of(const std::vector<EngineDevice>& devices);

/// ggml's device that is `key`, under the name that the caller has for it. Throws EngineError.
EngineDevice find_device(const Device& wanted, const DeviceKey& key);

}  // namespace berth::llama
