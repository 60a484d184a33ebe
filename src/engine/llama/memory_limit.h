/// A limit on the memory that ggml gives out on a device of this process.
#pragma once

#include <ggml-backend.h>

#include <cstdint>
#include <memory>

#include "engine/memory_count.h"

namespace berth::llama {

/// `bytes` of each device, for all processes that `count` counts. This one is its `process`; memory N is the device that was given as
/// the Nth one.
struct MemoryLimit {
  std::uint64_t bytes = 0;
  std::shared_ptr<MemoryCount> count = {};
  std::size_t process = 0;
};

/// From here on the device's buffers of its usual type are counted, and one that goes beyond the limit is refused as on a device
/// that is full; free and total are what the limit leaves. For as long as the process lives, and for one thread. What a device
/// takes beside its buffers is not counted. Throws EngineError where ggml has another interface than the one that is known here.
void limit_memory(ggml_backend_dev_t device, std::size_t number, const MemoryLimit& limit);

/// What this process holds of the devices whose memory is limited, in bytes.
std::uint64_t held_within_limits();

}  // namespace berth::llama
