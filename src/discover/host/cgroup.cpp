#include "discover/host/cgroup.h"

#include <fmt/format.h>

#include <algorithm>

#include "discover/host/mounts.h"
#include "discover/host/system_file.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

constexpr std::size_t longest_path = 4096;                  // PATH_MAX
constexpr std::uint64_t no_limit = std::uint64_t{1} << 62;  // version 1 writes "none" as a number near 2^63

struct Group {
  std::string name;
  std::filesystem::path folder;
};

/// One hierarchy of groups.
struct Hierarchy {
  std::string_view file_system;
  std::string_view controller;  // empty for version 2
};

std::string name_of(const std::filesystem::path& group) { return printable(group.generic_string()); }

bool goes_up(const std::filesystem::path& path) { return std::ranges::find(path, "..") != path.end(); }

/// The group of this process in a hierarchy and those above it that are mounted, from the inside out.
std::vector<Group> groups(const std::filesystem::path& root, const Hierarchy& hierarchy,
                          const std::vector<CgroupMembership>& memberships, const std::vector<Mount>& all,
                          std::vector<std::string>& notes) {
  const auto membership = std::ranges::find_if(memberships, [&](const CgroupMembership& each) {
    return hierarchy.controller.empty() ? each.controllers.empty() : has_option(each.controllers, hierarchy.controller);
  });
  const auto holds = [&](const Mount& mount) {
    return mount.file_system == hierarchy.file_system &&
           (hierarchy.controller.empty() || has_option(mount.options, hierarchy.controller));
  };
  const auto mounted = std::ranges::find_if(all, holds);
  if (membership == memberships.end() || mounted == all.end()) return {};
  const auto shows = [&](const Mount& mount) {
    return holds(mount) && is_within(membership->path, mount.root) && !goes_up(membership->path);
  };
  const auto better = std::ranges::find_if(all, shows);
  const Mount& mount = better == all.end() ? *mounted : *better;
  auto inner = std::filesystem::path(membership->path).lexically_relative(mount.root);
  if (better == all.end()) {
    notes.push_back(fmt::format("cgroup {} is outside of what is mounted at {}, whose limits are taken instead",
                                name_of(membership->path), name_of(mount.mount_point)));
    inner.clear();
  }
  if (inner == ".") inner.clear();
  const auto folder = root / mount.mount_point.relative_path();
  std::vector<Group> found;
  for (;; inner = inner.parent_path()) {
    const std::filesystem::path group = inner.empty() ? std::filesystem::path(mount.root) : mount.root / inner;
    found.push_back({name_of(group), inner.empty() ? folder : folder / inner});
    if (inner.empty()) return found;
  }
}

/// The number in a file; absent where there is no file, and for what means "without a limit".
std::optional<std::uint64_t> number_in(const std::filesystem::path& file, std::vector<std::string>& notes) {
  const auto text = first_line(file);
  if (text.empty() || text == "max" || text == "-1") return std::nullopt;
  const auto number = to_number(text);
  if (!number) notes.push_back(fmt::format("{} should hold a number, not {}", name_of(file), in_quotes(text)));
  return number && *number < no_limit ? number : std::nullopt;
}

std::uint64_t number_of(std::string_view text, std::string_view key) {
  return to_number(value_of(text, key).value_or("")).value_or(0);
}

void keep_least(std::optional<std::uint64_t>& least, std::string& by, std::uint64_t bytes, const std::string& name) {
  if (least && *least <= bytes) return;
  least = bytes;
  by = name;
}

void keep_least(std::optional<std::uint64_t>& least, std::optional<std::uint64_t> bytes) {
  if (bytes && (!least || *bytes < *least)) least = bytes;
}

void add_memory(CgroupLimits& limits, std::uint64_t limit, std::uint64_t used, std::uint64_t cache,
                const std::string& name) {
  keep_least(limits.memory_bytes, limits.memory_by, limit, name);
  keep_least(limits.memory_free_bytes, limits.free_by, limit - std::min(limit, used - std::min(used, cache)), name);
}

void add_cpus(CgroupLimits& limits, std::optional<double> cpus, const std::string& name) {
  if (!cpus || (limits.cpus && *limits.cpus <= *cpus)) return;
  limits.cpus = cpus;
  limits.cpus_by = name;
}

void add_version_2(CgroupLimits& limits, const Group& group) {
  add_cpus(limits, cpus_of_cpu_max(first_line(group.folder / "cpu.max")), group.name);
  auto limit = number_in(group.folder / "memory.max", limits.notes);
  keep_least(limit, number_in(group.folder / "memory.high", limits.notes));  // beyond it a process hardly runs
  if (limit) {
    const auto stat = read_system_file(group.folder / "memory.stat").value_or("");
    add_memory(limits, *limit, number_in(group.folder / "memory.current", limits.notes).value_or(0),
               number_of(stat, "inactive_file") + number_of(stat, "active_file") + number_of(stat, "slab_reclaimable"),
               group.name);
  }
  if (const auto swap = number_in(group.folder / "memory.swap.max", limits.notes)) {
    const auto used = number_in(group.folder / "memory.swap.current", limits.notes).value_or(0);
    keep_least(limits.swap_bytes, swap);
    keep_least(limits.swap_free_bytes, *swap - std::min(*swap, used));
  }
}

void add_version_1_memory(CgroupLimits& limits, const Group& group, bool innermost) {
  const auto limit = number_in(group.folder / "memory.limit_in_bytes", limits.notes);
  if (!limit && !innermost) return;
  const auto stat = read_system_file(group.folder / "memory.stat").value_or("");
  const auto used = number_in(group.folder / "memory.usage_in_bytes", limits.notes).value_or(0);
  const auto cache = number_of(stat, "total_inactive_file") + number_of(stat, "total_active_file");
  if (limit) add_memory(limits, *limit, used, cache, group.name);
  // A container does not see the groups above its own, but this.
  const auto above = number_of(stat, "hierarchical_memory_limit");
  if (innermost && above != 0 && above < limit.value_or(no_limit))
    add_memory(limits, above, used, cache, "above " + group.name);
}

void add_version_1_cpus(CgroupLimits& limits, const Group& group) {
  const auto quota = number_in(group.folder / "cpu.cfs_quota_us", limits.notes);
  const auto period = number_in(group.folder / "cpu.cfs_period_us", limits.notes);
  if (quota && *quota > 0 && period && *period > 0)
    add_cpus(limits, static_cast<double>(*quota) / static_cast<double>(*period), group.name);
}

}  // namespace

CgroupLimits cgroup_limits(const std::filesystem::path& root) {
  CgroupLimits limits;
  const auto memberships = cgroup_memberships(read_system_file(root / "proc/self/cgroup").value_or(""));
  if (memberships.empty()) return limits;
  const auto all = mounts(root);
  const auto of = [&](const Hierarchy& hierarchy) { return groups(root, hierarchy, memberships, all, limits.notes); };
  for (const auto& group : of({"cgroup2", ""})) add_version_2(limits, group);
  bool innermost = true;
  for (const auto& group : of({"cgroup", "memory"})) {
    add_version_1_memory(limits, group, innermost);
    innermost = false;
  }
  for (const auto& group : of({"cgroup", "cpu"})) add_version_1_cpus(limits, group);
  return limits;
}

std::vector<CgroupMembership> cgroup_memberships(std::string_view text) {
  std::vector<CgroupMembership> found;
  for (const auto line : lines(text)) {
    const auto first = line.find(':');
    const auto second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    const auto path = line.substr(second + 1);
    if (!path.starts_with('/') || path.size() > longest_path) continue;
    found.push_back({std::string(line.substr(first + 1, second - first - 1)), std::string(path)});
  }
  return found;
}

std::optional<double> cpus_of_cpu_max(std::string_view text) {
  const auto numbers = words(text);
  if (numbers.size() != 2) return std::nullopt;
  const auto quota = to_number(numbers[0]);
  const auto period = to_number(numbers[1]);
  if (!quota || *quota == 0 || !period || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

}  // namespace berth::discovery
