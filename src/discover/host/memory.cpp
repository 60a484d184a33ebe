#include "discover/host/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "discover/host/system_file.h"

namespace berth::discovery {
namespace {

/// "MemTotal:       24684096 kB"; of a node "Node 0 MemTotal: ...".
std::uint64_t kibibytes(std::string_view text, std::string_view key) {
  const auto parts = words(value_of(text, key).value_or(""));
  const auto number = parts.empty() ? std::nullopt : to_number(parts[0]);
  if (!number || *number > std::numeric_limits<std::int64_t>::max() / 1024) return 0;
  return *number * 1024;
}

std::uint64_t plain_number(std::string_view text, std::string_view key) {
  return to_number(value_of(text, key).value_or("")).value_or(0);
}

/// "Node 0 " in front of each line is taken away.
std::string without_node(std::string_view text) {
  std::string out;
  for (auto line : lines(text)) {
    if (line.starts_with("Node ")) line.remove_prefix(std::min(line.size(), line.find_first_not_of("0123456789 ", 5)));
    out.append(line) += '\n';
  }
  return out;
}

/// Those that are the memory of an NVIDIA GPU which is coherent with the CPU: GH200, GB200, POWER9 with V100. The kernel
/// counts them with its own.
std::vector<int> numa_nodes_of_gpus(const std::filesystem::path& root) {
  std::vector<int> nodes;
  const auto gpus = root / "proc/driver/nvidia/gpus";
  for (const auto& gpu : names_in(gpus)) {
    const auto status = read_system_file(gpus / gpu / "numa_status").value_or("");
    const auto node = to_list(value_of(status, "Node").value_or(""));
    nodes.insert(nodes.end(), node.begin(), node.end());
  }
  return nodes;
}

struct AllowedNodes {
  MemInfo memory;
  std::string left_out_by;
};

/// Memory of the nodes that this process may use, where some are left out.
std::optional<AllowedNodes> of_allowed_nodes(const std::filesystem::path& root) {
  const auto status = read_system_file(root / "proc/thread-self/status").value_or("");
  const auto cpuset = value_of(status, "Mems_allowed_list");
  const auto allowed = to_list(cpuset.value_or(""));
  const auto of_gpus = numa_nodes_of_gpus(root);
  AllowedNodes sum;
  for (const int node : numa_node_ids(root)) {
    const auto info = node_meminfo(root, node);
    const bool is_gpu = std::ranges::find(of_gpus, node) != of_gpus.end();
    if (!is_gpu && (!cpuset || std::ranges::binary_search(allowed, node))) {
      sum.memory.total += info.total;
      sum.memory.available += info.available;
    } else if (info.total > 0 && (sum.left_out_by.empty() || !is_gpu)) {
      sum.left_out_by =
          is_gpu ? "NUMA nodes that are the memory of GPUs" : fmt::format("cpuset, NUMA nodes {}", *cpuset);
    }
  }
  return !sum.left_out_by.empty() && sum.memory.total > 0 ? std::optional(sum) : std::nullopt;
}

}  // namespace

MemInfo meminfo(std::string_view text) {
  MemInfo info{.total = kibibytes(text, "MemTotal"),
               .available = kibibytes(text, "MemAvailable"),
               .swap_total = kibibytes(text, "SwapTotal"),
               .swap_free = kibibytes(text, "SwapFree")};
  if (!value_of(text, "MemAvailable")) info.available = kibibytes(text, "MemFree");
  info.available = std::min(info.available, info.total);
  info.swap_free = std::min(info.swap_free, info.swap_total);
  if (plain_number(text, "HugePages_Total") > 0) {
    info.huge_page = kibibytes(text, "Hugepagesize");
    info.huge_pages_free = plain_number(text, "HugePages_Free");
  }
  return info;
}

MemInfo node_meminfo(std::string_view text) {
  const auto plain = without_node(text);
  MemInfo info{.total = kibibytes(plain, "MemTotal")};
  for (const auto* key : {"MemFree", "Active(file)", "Inactive(file)", "SReclaimable"})
    info.available += std::min(kibibytes(plain, key), info.total);
  info.available = std::min(info.available, info.total);
  return info;
}

std::vector<int> numa_node_ids(const std::filesystem::path& root) {
  return to_list(first_line(root / "sys/devices/system/node/online"));
}

MemInfo node_meminfo(const std::filesystem::path& root, int node) {
  const auto file = root / fmt::format("sys/devices/system/node/node{}/meminfo", node);
  return node_meminfo(read_system_file(file).value_or(""));
}

MemoryPool ram_pool(const std::filesystem::path& root, const MemInfo& host, const CgroupLimits& limits,
                    std::vector<std::string>& notes) {
  MemoryPool pool{.id = "ram", .kind = PoolKind::host, .total_bytes = host.total, .free_bytes = host.available};
  if (const auto allowed = of_allowed_nodes(root); allowed && allowed->memory.total < pool.total_bytes) {
    pool.total_bytes = allowed->memory.total;
    pool.free_bytes = std::min(pool.free_bytes, allowed->memory.available);
    pool.limited_by = allowed->left_out_by;
  }
  if (limits.memory_bytes && (host.total == 0 || *limits.memory_bytes < pool.total_bytes)) {
    pool.total_bytes = *limits.memory_bytes;
    pool.limited_by = "cgroup " + limits.memory_by;
  }
  if (limits.memory_free_bytes && (host.total == 0 || *limits.memory_free_bytes < pool.free_bytes)) {
    pool.free_bytes = *limits.memory_free_bytes;
    if (limits.free_by != limits.memory_by)
      notes.push_back(fmt::format("cgroup {} has the least free memory, cgroup {} the smallest limit", limits.free_by,
                                  limits.memory_by));
  }
  pool.free_bytes = std::min(pool.free_bytes, pool.total_bytes);
  return pool;
}

MemoryPool ram_pool(const std::filesystem::path& root) {
  std::vector<std::string> notes;
  return ram_pool(root, meminfo(read_system_file(root / "proc/meminfo").value_or("")), cgroup_limits(root), notes);
}

}  // namespace berth::discovery
