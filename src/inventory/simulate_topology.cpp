#include "inventory/simulate_topology.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "berth/convert.h"
#include "discover/host/topology.h"
#include "inventory/simulate_text.h"

namespace berth::discovery {
namespace {

/// hwloc takes any 64 bits, and lets their sum wrap.
void check_sizes(const CpuInfo& cpu) {
  std::uint64_t left = most_simulated_bytes;
  for (const auto& node : cpu.numa_nodes) {
    if (node.total_bytes > left) throw std::invalid_argument("the topology has more than 1024 PiB of memory");
    left -= node.total_bytes;
  }
  for (const auto& cache : cpu.caches)
    if (cache.bytes > most_simulated_bytes)
      throw std::invalid_argument("the topology has a cache of more than 1024 PiB");
}

}  // namespace

Inventory simulate_topology(std::string_view topology) {
  const std::string text(topology);
  auto found =
      findings_of_topology((text.ends_with(".xml") ? topology_from_xml(text) : topology_from_description(text)).get());
  for (auto& info : found.devices) {
    check_sizes(*info.cpu);
    info.name = "simulated " + info.name;
    info.engines = {{"llama.cpp", to_ggml(info.device)}};
  }
  Inventory inventory;
  inventory.devices = std::move(found.devices);
  inventory.pools = std::move(found.pools);
  inventory.links = std::move(found.links);
  return inventory;
}

}  // namespace berth::discovery
