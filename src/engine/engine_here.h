/// Engines in this process, wherever the devices of their models are.
#pragma once

#include <string_view>

#include "berth/engine.h"

namespace berth {

/// engine() of berth/engine.h, but a device of a worker may end the process.
const Engine& engine_here(std::string_view name);

}  // namespace berth
