#include "discover/host/cpu_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>

#include "discover/host/cgroup.h"
#include "discover/host/cpu_features.h"
#include "discover/host/memory.h"
#include "discover/host/system_file.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

/// Without a topology, what /proc/cpuinfo counts.
Findings findings_of(const std::filesystem::path& root, const CpuDescription& description, Topology& topology) {
  try {
    topology = topology_of(root);
    return findings_of_topology(topology.get());
  } catch (const std::exception& problem) {
    Findings findings{.report = {.probe = "cpu", .outcome = ProbeOutcome::found}};
    const int processors = std::max(description.processors, 1);
    DeviceInfo device{.name = "CPU", .pool = "ram"};
    device.cpu = CpuInfo{.cores = processors, .threads = processors, .usable_cores = processors};
    findings.devices.push_back(std::move(device));
    findings.pools.push_back({.id = "ram"});
    findings.report.notes.push_back(fmt::format(
        "{}; each processor counts as a core, and caches and NUMA nodes are not known", printable(problem.what())));
    return findings;
  }
}

void add_memory(Findings& findings, const std::filesystem::path& root, const CgroupLimits& limits) {
  auto& device = findings.devices.front();
  auto& cpu = *device.cpu;
  auto& notes = findings.report.notes;
  const auto text = read_system_file(root / "proc/meminfo");
  auto host = meminfo(text.value_or(""));
  if (host.total == 0) {
    host.total = host.available = findings.pools.front().total_bytes;
    notes.push_back(fmt::format("{}: what is free of the memory is not known, and counts as all of it",
                                text ? "/proc/meminfo has no MemTotal" : "/proc/meminfo cannot be read"));
  }
  const auto pool = ram_pool(root, host, limits, notes);
  device.total_bytes = pool.total_bytes;
  device.free_bytes = pool.free_bytes;
  findings.pools.front() = pool;
  cpu.huge_page_bytes = host.huge_page;
  cpu.huge_pages_free = host.huge_pages_free;
  cpu.swap_total_bytes = std::min(host.swap_total, limits.swap_bytes.value_or(host.swap_total));
  cpu.swap_free_bytes = std::min(host.swap_free, limits.swap_free_bytes.value_or(host.swap_free));
  for (auto& node : cpu.numa_nodes) {
    const auto info = node_meminfo(root, node.id);
    if (info.total == 0) continue;
    node.total_bytes = info.total;
    node.free_bytes = info.available;
  }
}

void add_limits(Findings& findings, hwloc_topology_t topology, const std::filesystem::path& root,
                const CgroupLimits& limits) {
  auto& cpu = *findings.devices.front().cpu;
  auto& notes = findings.report.notes;
  cpu.quota_cpus = limits.cpus;
  if (topology != nullptr) cpu.usable_cores = usable_cores(topology, root, limits.cpus);
  if (limits.cpus && *limits.cpus < cpu.cores)
    notes.push_back(fmt::format("cgroup {} allows {:g} CPUs", limits.cpus_by, *limits.cpus));
  notes.insert(notes.end(), limits.notes.begin(), limits.notes.end());
}

struct BitmapDeleter {
  void operator()(hwloc_bitmap_s* bitmap) const { hwloc_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<hwloc_bitmap_s, BitmapDeleter>;

/// The processors of the affinity mask of this thread, which cpusets of cgroups have narrowed already.
Bitmap allowed_processors(const std::filesystem::path& root) {
  const auto status = read_system_file(root / "proc/thread-self/status").value_or("");
  Bitmap bitmap(hwloc_bitmap_alloc());
  for (const int id : to_list(value_of(status, "Cpus_allowed_list").value_or("")))
    hwloc_bitmap_set(bitmap.get(), static_cast<unsigned>(id));
  return bitmap;
}

}  // namespace

Findings probe_cpu(const Machine& machine) {
  const auto text = read_system_file(machine.root / "proc/cpuinfo");
  const auto description = describe_cpu(text.value_or(""));
  Topology topology;
  auto findings = findings_of(machine.root, description, topology);
  auto& device = findings.devices.front();
  if (!description.name.empty()) device.name = description.name;
  if (!description.vendor.empty()) device.vendor = description.vendor;
  device.cpu->features = description.features;
  device.types = number_types(description.features);
  if (!text) findings.report.notes.emplace_back("/proc/cpuinfo cannot be read: instruction sets are not known");
  const auto limits = cgroup_limits(machine.root);
  add_memory(findings, machine.root, limits);
  add_limits(findings, topology.get(), machine.root, limits);
  return findings;
}

Topology topology_of(const std::filesystem::path& root) {
  if (root == "/") return topology_of_this_machine();
  return topology_from_xml(root.parent_path() / "topology.xml");
}

int usable_cores(hwloc_topology_t topology, const std::filesystem::path& root, std::optional<double> quota_cpus) {
  int cores = cores_within(topology, allowed_processors(root).get());
  if (cores == 0) cores = cpu_info(topology).cores;
  if (!quota_cpus || *quota_cpus >= cores) return std::max(cores, 1);
  return std::max(1, static_cast<int>(std::ceil(*quota_cpus)));
}

}  // namespace berth::discovery
