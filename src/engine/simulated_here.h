/// The machine that engines of this process simulate.
#pragma once

#include <optional>

#include "berth/inventory.h"

namespace berth {

/// What use_simulated() was given last; none: nothing.
std::optional<Inventory> simulated_here();

}  // namespace berth
