/// What holds for a whole inventory, beyond each of its fields.
#pragma once

#include "berth/inventory.h"

namespace berth::discovery {

/// Throws std::invalid_argument with the place of what is wrong: a device or pool that is there twice, a pool that is
/// not there, more free than there is, a link to nothing, from a device to itself or there twice.
void check_inventory(const Inventory& inventory);

}  // namespace berth::discovery
