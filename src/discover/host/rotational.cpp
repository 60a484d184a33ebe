#include <algorithm>
#include <system_error>

#include "discover/host/disk_probe.h"
#include "discover/host/system_file.h"

namespace berth::discovery {
namespace {

constexpr int deepest_stack = 8;  // of encryption on volumes on arrays on disks

std::optional<bool> flag(const std::filesystem::path& file) {
  const auto text = first_line(file);
  if (text == "0") return false;
  if (text == "1") return true;
  return std::nullopt;
}

/// Of a block device in sysfs. What device mapper or md put together turns where a part of it does.
std::optional<bool> block_device(const std::filesystem::path& device, int depth = 0) {
  if (depth > deepest_stack) return std::nullopt;
  std::optional<bool> rotational;
  for (const auto& part : names_in(device / "slaves"))
    if (const auto turns = block_device(device / "slaves" / part, depth + 1))
      rotational = rotational.value_or(false) || *turns;
  if (rotational) return rotational;
  if (const auto own = flag(device / "queue/rotational")) return own;
  std::error_code error;
  const auto folder = std::filesystem::canonical(device, error);
  return error ? std::nullopt : flag(folder.parent_path() / "queue/rotational");  // of the disk of a partition
}

/// The block device that "/dev/mapper/vg-home" or "/dev/nvme0n1p2" names.
std::optional<std::filesystem::path> by_name(const std::filesystem::path& root, const std::filesystem::path& source) {
  const auto blocks = root / "sys/class/block";
  const auto name = source.filename().string();
  std::error_code error;
  if (std::filesystem::exists(blocks / name, error)) return blocks / name;
  for (const auto& block : names_in(blocks))
    if (first_line(blocks / block / "dm/name") == name) return blocks / block;
  return std::nullopt;
}

}  // namespace

std::optional<bool> is_rotational(const std::filesystem::path& root, const Mount& mount,
                                  const std::vector<Mount>& all) {
  if (mount.file_system == "overlay") {
    // Files are written into the upper folder. In a container its path is one of the host.
    const Mount* upper = mount_of(all, option_value(mount.options, "upperdir"));
    if (upper == nullptr || upper->file_system == "overlay") return std::nullopt;
    return is_rotational(root, *upper, all);
  }
  const auto device = root / "sys/dev/block" / mount.device;
  std::error_code error;
  if (std::filesystem::exists(device, error)) return block_device(device);
  if (!mount.source.starts_with("/dev/")) return std::nullopt;  // btrfs and others have a number of their own
  const auto named = by_name(root, mount.source);
  return named ? block_device(*named) : std::nullopt;
}

}  // namespace berth::discovery
