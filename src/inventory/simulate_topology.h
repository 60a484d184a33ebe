/// Machines from topologies of hwloc.
#pragma once

#include <string_view>

#include "berth/inventory.h"

namespace berth::discovery {

/// The CPU and memory of "package:2 core:8 pu:2"; of a file that lstopo wrote, "FILE.xml", also the GPUs. The notes of its
/// one report say what is left out. Throws
/// std::invalid_argument, and for a file FormatError and std::filesystem::filesystem_error.
Inventory simulate_topology(std::string_view topology);

}  // namespace berth::discovery
