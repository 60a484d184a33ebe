/// The file systems of folders.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "discover/host/mounts.h"
#include "discover/probe.h"

namespace berth::discovery {

/// A device `disk`, `disk:1`, ... for each of the machine's folders; without any, for the cache folder of Berth. Folders
/// on one file system share a pool; those in memory share the pool `ram`. A folder need not exist yet. What is free of a
/// recorded machine stands in file_systems.txt beside its root, as `df -B1 --output=target,size,avail` prints it.
Findings probe_disk(const Machine& machine);

/// Whether the disks below a mount turn; absent where it cannot be told.
std::optional<bool> is_rotational(const std::filesystem::path& root, const Mount& mount, const std::vector<Mount>& all);

}  // namespace berth::discovery
