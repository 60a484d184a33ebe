/// The mounted file systems, as /proc/self/mountinfo lists them (proc_pid_mountinfo(5)).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace berth::discovery {

struct Mount {
  std::string device = {};  ///< "259:2", major and minor number
  std::string root = {};    ///< the folder of the file system that stands at the mount point
  std::filesystem::path mount_point = {};
  std::string file_system = {};
  std::string source = {};   ///< "/dev/nvme0n1p2"
  std::string options = {};  ///< of the file system: "rw,memory"
  bool read_only = false;    ///< here, or as a whole

  bool operator==(const Mount&) const = default;
};

/// Lines that are no mount are left out.
std::vector<Mount> mounts_in(std::string_view mountinfo);
std::vector<Mount> mounts(const std::filesystem::path& root);

/// The mount that an absolute path without links is on: where several are stacked, the last. nullptr where there is none.
const Mount* mount_of(const std::vector<Mount>& all, const std::filesystem::path& path);

/// Whether `options`, "rw,cpu,cpuacct", has that one.
bool has_option(std::string_view options, std::string_view option);
/// The value of "name=value" in them; empty where there is none.
std::string_view option_value(std::string_view options, std::string_view name);

/// Whether `path` is `folder` or below it, by names alone.
bool is_within(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace berth::discovery
