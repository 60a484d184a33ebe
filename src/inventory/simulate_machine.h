/// Machines from a short text.
#pragma once

#include <string_view>

#include "berth/inventory.h"

namespace berth::discovery {

/// Devices, pools and links of "cpu:64GiB,cuda:2x24GiB" (docs/inventory.md has the grammar). Throws std::invalid_argument
/// with the column of what is wrong, and for a machine without a CPU where it `needs_cpu`.
Inventory simulate_machine(std::string_view text, bool needs_cpu);

}  // namespace berth::discovery
