/// The CPU and the memory of the host.
#pragma once

#include <filesystem>

#include "inventory/topology.h"
#include "discover/probe.h"

namespace berth::discovery {

/// The device `cpu`, the pool `ram` and the links between NUMA nodes. There is always one CPU: what cannot be read is in
/// the notes of the report.
Findings probe_cpu(const Machine& machine);

/// The topology of this machine; that of a recorded machine comes from topology.xml beside its root.
Topology topology_of(const std::filesystem::path& root);

/// Physical cores among the processors of the affinity mask, at most what `quota_cpus` allows; at least 1.
int usable_cores(hwloc_topology_t topology, const std::filesystem::path& root, std::optional<double> quota_cpus);

}  // namespace berth::discovery
