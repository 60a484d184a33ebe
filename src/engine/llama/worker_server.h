/// ggml's RPC server, for devices of this machine.
#pragma once

#include <string>
#include <vector>

#include "berth/device.h"
#include "berth/device_key.h"
#include "berth/ordered_map.h"

namespace berth::llama {

/// Serves those whom accept() answers, one after the other, for as long as the process lives. An empty `cache` keeps no
/// tensors. Throws EngineError where it cannot.
[[noreturn]] void serve_devices(const std::vector<Device>& devices, const OrderedMap<DeviceKey>& keys, int n_threads,
                                const std::string& cache);

}  // namespace berth::llama
