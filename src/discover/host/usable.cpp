#include "discover/host/usable.h"

#include <algorithm>
#include <exception>
#include <thread>

#include "discover/host/cgroup.h"
#include "discover/host/cpu_probe.h"
#include "discover/host/memory.h"

namespace berth::discovery {
namespace {

constexpr const char* root = "/";

}  // namespace

int usable_cores() {
  try {
    return usable_cores(topology_of(root).get(), root, cgroup_limits(root).cpus);
  } catch (const std::exception&) {  // of hwloc
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
}

std::uint64_t total_memory_bytes() { return ram_pool(root).total_bytes; }
std::uint64_t available_memory_bytes() { return ram_pool(root).free_bytes; }

}  // namespace berth::discovery
