/// An inventory as people read it.
#pragma once

#include <string>

#include "berth/inventory.h"

namespace berth::cli {

/// One row for each device, within 80 columns, and its note below it.
std::string device_table(const Inventory& inventory);

/// All that is known: each probe, each device by its names, the links.
std::string explanation(const Inventory& inventory);

/// "llama.cpp", "llama.cpp, OpenVINO"; "-" where no engine can use it.
std::string engine_names(const DeviceInfo& info);

}  // namespace berth::cli
