/// ggml's RPC server, for devices of this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "berth/device.h"
#include "berth/device_key.h"
#include "berth/ordered_map.h"
#include "engine/llama/memory_limit.h"

namespace berth::llama {

/// Serves those whom accept() answers, one after the other, for as long as the process lives. An empty `cache` keeps no
/// tensors, no `limit` is that of the devices. Throws EngineError where it cannot.
[[noreturn]] void serve_devices(const std::vector<Device>& devices, const OrderedMap<DeviceKey>& keys, int n_threads,
                                const std::string& cache, const std::optional<MemoryLimit>& limit);

/// How long a request may be, in bytes: as long as what the client holds on the devices, which is more than any tensor in it, and
/// 64 MiB for a graph. Where no limit was given, what the devices have stands for what is held.
std::uint64_t longest_request();

}  // namespace berth::llama
