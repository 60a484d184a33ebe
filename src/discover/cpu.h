/// What this process may use of the CPU and of the memory.
#pragma once

#include <cstdint>

namespace berth::discovery {

/// The physical cores among the processors of this process's affinity mask, at most what the CPU quota of its cgroup
/// allows; at least 1.
int usable_cores();

/// Bytes of memory of the machine, and those that can be had without swapping (MemAvailable). 0 where unknown.
std::uint64_t total_memory_bytes();
std::uint64_t available_memory_bytes();

}  // namespace berth::discovery
