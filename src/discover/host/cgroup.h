/// What the control groups of this process allow, by version 1, 2 or both. Of nested groups the tightest counts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::discovery {

struct CgroupLimits {
  std::optional<double> cpus = {};  ///< by quota
  std::string cpus_by = {};         ///< the group that binds: "/docker/4f"
  std::optional<std::uint64_t> memory_bytes = {};
  std::string memory_by = {};
  /// What is left in the group that has least left; this can be another group. Unused page cache counts as left; what
  /// other members of the group hold does not.
  std::optional<std::uint64_t> memory_free_bytes = {};
  std::string free_by = {};
  std::optional<std::uint64_t> swap_bytes = {};
  std::optional<std::uint64_t> swap_free_bytes = {};
  std::vector<std::string> notes = {};  ///< what could not be seen or made sense of
};

/// Reads the groups of the process that `root`/proc/self describes.
CgroupLimits cgroup_limits(const std::filesystem::path& root);

/// A line of /proc/self/cgroup.
struct CgroupMembership {
  std::string controllers = {};  ///< "cpu,cpuacct"; empty for version 2
  std::string path = {};

  bool operator==(const CgroupMembership&) const = default;
};
std::vector<CgroupMembership> cgroup_memberships(std::string_view text);

/// CPUs by the text of cpu.max, "200000 100000"; absent for "max" and for what is no quota.
std::optional<double> cpus_of_cpu_max(std::string_view text);

}  // namespace berth::discovery
