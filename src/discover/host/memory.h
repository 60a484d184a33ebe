/// The memory of the host, and how much of it this process may use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/inventory.h"
#include "discover/host/cgroup.h"

namespace berth::discovery {

/// /proc/meminfo (proc_meminfo(5)), or that of a NUMA node, in bytes. 0 where a line is missing or no number.
struct MemInfo {
  std::uint64_t total = 0;
  std::uint64_t available = 0;  ///< with the page cache that can be given up
  std::uint64_t swap_total = 0;
  std::uint64_t swap_free = 0;
  std::uint64_t huge_page = 0;  ///< 0 where none are set aside
  std::uint64_t huge_pages_free = 0;

  bool operator==(const MemInfo&) const = default;
};
MemInfo meminfo(std::string_view text);
/// Of a node the kernel does not say what is available; free pages, files and what slabs can give up are taken for it.
MemInfo node_meminfo(std::string_view text);

/// The NUMA nodes below `root` by number.
std::vector<int> numa_node_ids(const std::filesystem::path& root);
MemInfo node_meminfo(const std::filesystem::path& root, int node);

/// The pool "ram": what is left of the host's memory by cpuset and cgroups. All zero where it is unknown. What the
/// limits do not tell goes to `notes`.
MemoryPool ram_pool(const std::filesystem::path& root, const MemInfo& host, const CgroupLimits& limits,
                    std::vector<std::string>& notes);
MemoryPool ram_pool(const std::filesystem::path& root);

}  // namespace berth::discovery
