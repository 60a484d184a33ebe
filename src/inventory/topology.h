/// Packages, cores, caches and NUMA nodes, by hwloc.
#pragma once

#include <hwloc.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "berth/inventory.h"
#include "inventory/findings.h"

namespace berth::discovery {

struct TopologyDeleter {
  void operator()(hwloc_topology* topology) const;
};
using Topology = std::unique_ptr<hwloc_topology, TopologyDeleter>;

/// This machine, with what this process may not use. Throws std::runtime_error.
Topology topology_of_this_machine();
/// What `lstopo FILE.xml` wrote. Throws FormatError, and std::filesystem::filesystem_error where it cannot be read.
Topology topology_from_xml(const std::filesystem::path& file);
/// From a synthetic description, "package:2 core:8 pu:2". Throws std::invalid_argument.
Topology topology_from_description(const std::string& description);

/// The cores that have one of `processors`.
int cores_within(hwloc_topology_t topology, hwloc_const_bitmap_t processors);
/// What the topology says: no limits but what it disallows, no features or swap, and all memory is free.
CpuInfo cpu_info(hwloc_topology_t topology);
/// Links between NUMA nodes, where the table of their distances tells near from far.
std::vector<Link> numa_links(hwloc_topology_t topology);
/// The device `cpu`, the pool `ram` and the links between NUMA nodes. The report's time is not set.
Findings findings_of_topology(hwloc_topology_t topology);

}  // namespace berth::discovery
