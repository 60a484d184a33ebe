/// What this process may use of the CPU and of the memory.
#pragma once

#include <cstdint>

namespace berth::discovery {

/// The physical cores among the processors of this thread's affinity mask, at most what the CPU quota of its cgroup
/// allows; at least 1.
int usable_cores();

/// Bytes of memory that this process may have, by cgroup and cpuset too, and those of them that can be had without
/// swapping. 0 where unknown.
std::uint64_t total_memory_bytes();
std::uint64_t available_memory_bytes();

}  // namespace berth::discovery
