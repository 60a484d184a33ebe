/// What this process may use of the CPU and of the memory.
#pragma once

#include <cstdint>

namespace berth::discovery {

/// The physical cores among the processors of this thread's affinity mask, at most what the CPU quota of its cgroup
/// allows; at least 1.
int usable_cores();

/// Bytes of memory that this process may have, by cgroup and cpuset too; 0 where unknown. Those that are free are
/// available_memory_bytes() of berth/inventory.h.
std::uint64_t total_memory_bytes();

}  // namespace berth::discovery
