#include "inventory/simulate_topology.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include "berth/convert.h"
#include "inventory/topology.h"
#include "inventory/topology_gpus.h"
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
  const auto read = text.ends_with(".xml") ? topology_from_xml(text) : topology_from_description(text);
  auto found = findings_of_topology(read.get());
  check_sizes(*found.devices.front().cpu);
  auto gpus = gpus_of_topology(read.get());
  const auto append = [](auto& to, auto&& from) { std::ranges::move(from, std::back_inserter(to)); };
  Inventory inventory{.devices = std::move(found.devices),
                      .pools = std::move(found.pools),
                      .links = std::move(found.links),
                      .probes = {std::move(gpus.report)}};
  append(inventory.devices, gpus.devices);
  append(inventory.pools, gpus.pools);
  append(inventory.links, gpus.links);
  for (auto& info : inventory.devices) {
    info.name = "simulated " + (info.name.empty() ? info.device.str() : info.name);
    info.engines = {{"llama.cpp", to_ggml(info.device)}};
  }
  std::ranges::stable_sort(inventory.devices, {}, &DeviceInfo::device);
  return inventory;
}

}  // namespace berth::discovery
