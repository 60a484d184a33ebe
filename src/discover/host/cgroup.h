/// What the control groups of this process allow, version 1, version 2 or both: of nested groups the tightest counts.
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
  /// Left in the group where least is left, which can be another one. Page cache that nobody uses counts as left; what
  /// other members of the group hold does not.
  std::optional<std::uint64_t> memory_free_bytes = {};
  std::string free_by = {};
  std::optional<std::uint64_t> swap_bytes = {};
  std::optional<std::uint64_t> swap_free_bytes = {};
  std::vector<std::string> notes = {};  ///< what could not be seen or made sense of
};

/// The groups of the process that `root`/proc/self tells of.
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
