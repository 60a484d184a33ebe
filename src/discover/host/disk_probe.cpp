#include "discover/host/disk_probe.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <map>
#include <system_error>

#include "discover/host/memory.h"
#include "discover/host/system_file.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

bool is_in_memory(const Mount& mount) { return mount.file_system == "tmpfs" || mount.file_system == "ramfs"; }

bool is_on_network(const Mount& mount) {
  constexpr std::string_view names[] = {"nfs",    "nfs4",  "cifs",      "smb3",           "ceph",       "lustre",
                                        "beegfs", "gpfs",  "fuse.ceph", "fuse.glusterfs", "fuse.sshfs", "afs",
                                        "9p",     "davfs", "fuse.s3fs", "fuse.rclone"};
  return std::ranges::find(names, mount.file_system) != std::end(names);
}

/// Where Berth keeps what it fetches, and hence most models.
std::filesystem::path default_folder(const Machine& machine) {
  const auto named = [&](const char* name) {
    const std::string* value = machine.variable(name);
    return value == nullptr ? std::filesystem::path() : std::filesystem::path(*value);
  };
  if (const auto cache = named("XDG_CACHE_HOME"); cache.is_absolute()) return cache / "berth";
  if (const auto home = named("HOME"); home.is_absolute()) return home / ".cache/berth";
  return "/tmp";
}

/// As the mounts name it. The links of a recorded machine lead elsewhere.
std::filesystem::path resolved(const std::filesystem::path& root, const std::filesystem::path& folder) {
  if (root != "/") return folder.lexically_normal();
  std::error_code error;
  const auto absolute = std::filesystem::absolute(folder, error);
  auto real = std::filesystem::weakly_canonical(absolute, error);
  return error ? absolute.lexically_normal() : real;
}

std::string note_on(const Mount& mount) {
  if (is_in_memory(mount)) return "in memory: what is stored here takes from ram";
  if (is_on_network(mount)) return "on the network";
  return mount.read_only ? "read-only" : "";
}

struct Space {
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;  // for those who are not root
};

std::optional<Space> recorded_space(const std::filesystem::path& root, const std::string& mount_point) {
  const auto table = read_system_file(root.parent_path() / "file_systems.txt").value_or("");
  for (const auto line : lines(table)) {
    const auto fields = words(line);
    if (fields.size() != 3 || fields[0] != mount_point) continue;
    const auto total = to_number(fields[1]);
    const auto free = to_number(fields[2]);
    if (total && free) return Space{*total, std::min(*total, *free)};
  }
  return std::nullopt;
}

/// Of the folder itself, since quotas can give it less than its file system has, or of the nearest one above it.
std::optional<Space> space_of(std::filesystem::path folder) {
  struct statvfs status {};
  while (statvfs(folder.c_str(), &status) != 0) {
    if (errno != ENOENT || folder == folder.parent_path()) return std::nullopt;
    folder = folder.parent_path();
  }
  const std::uint64_t block = status.f_frsize;
  if (block == 0 || status.f_blocks > std::numeric_limits<std::uint64_t>::max() / block) return std::nullopt;
  return Space{status.f_blocks * block, std::min<std::uint64_t>(status.f_bavail, status.f_blocks) * block};
}

/// Mounts of one key share what is free. Data sets of a ZFS pool have numbers of their own.
std::string space_key(const Mount& mount) {
  return mount.file_system == "zfs" ? "zfs " + mount.source.substr(0, mount.source.find('/')) : mount.device;
}

/// What one folder adds.
void add_disk(Findings& findings, const Machine& machine, const std::vector<Mount>& all,
              std::map<std::string, std::string>& pools, const std::filesystem::path& folder) {
  const auto path = resolved(machine.root, folder);
  const Mount* mount = mount_of(all, path);
  if (mount == nullptr) {
    findings.report.notes.push_back(
        fmt::format("{}: no mounted file system of /proc/self/mountinfo holds it", in_quotes(folder.string())));
    return;
  }
  const auto space = machine.root == "/" ? space_of(path) : recorded_space(machine.root, mount->mount_point.string());
  if (!space)
    findings.report.notes.push_back(
        fmt::format("{}: its size and what is free of it cannot be told", in_quotes(mount->mount_point.string())));
  const auto number = static_cast<int>(findings.devices.size());
  DeviceInfo info{.device = Device(DeviceType::disk, number == 0 ? std::nullopt : std::optional(number)),
                  .name = printable(mount->source),
                  .total_bytes = space ? space->total_bytes : 0,
                  .free_bytes = space ? space->free_bytes : 0};
  info.disk = DiskInfo{.path = escaped(folder.string()),
                       .mount_point = escaped(mount->mount_point.string()),
                       .file_system = printable(mount->file_system),
                       .source = printable(mount->source),
                       .rotational = is_rotational(machine.root, *mount, all)};
  info.note = note_on(*mount);
  if (is_in_memory(*mount)) {
    auto ram = ram_pool(machine.root);
    info.pool = ram.id;
    info.free_bytes = std::min(info.free_bytes, ram.free_bytes);
    if (pools.emplace("ram", "ram").second) findings.pools.push_back(std::move(ram));
  } else {
    const auto [pool, is_new] = pools.emplace(space_key(*mount), "disk:" + info.disk->mount_point);
    info.pool = pool->second;
    if (is_new)
      findings.pools.push_back(
          {.id = info.pool, .kind = PoolKind::disk, .total_bytes = info.total_bytes, .free_bytes = info.free_bytes});
  }
  findings.devices.push_back(std::move(info));
}

}  // namespace

Findings probe_disk(const Machine& machine) {
  Findings findings{.report = {.probe = "disk"}};
  const auto all = mounts(machine.root);
  if (all.empty()) {
    findings.report.outcome = ProbeOutcome::failed;
    findings.report.message = "/proc/self/mountinfo cannot be read, or lists no mount: mount /proc";
    return findings;
  }
  auto folders = machine.folders;
  if (folders.empty()) folders.push_back(default_folder(machine));
  std::map<std::string, std::string> pools;  // by number of the file system
  for (const auto& folder : folders) add_disk(findings, machine, all, pools, folder);
  findings.report.outcome = findings.devices.empty() ? ProbeOutcome::failed : ProbeOutcome::found;
  return findings;
}

}  // namespace berth::discovery
