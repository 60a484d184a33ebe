#include "discover/host/usable.h"

#include <algorithm>
#include <exception>
#include <thread>

#include "berth/inventory.h"
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

}  // namespace berth::discovery

std::uint64_t berth::available_memory_bytes() { return berth::discovery::ram_pool("/").free_bytes; }
