/// An inventory as people read it.
#pragma once

#include <string>

#include "berth/inventory.h"

namespace berth::cli {

/// One row for each device, and its note below it. Within 80 columns where names of devices and pools, which are never
/// cut, leave room.
std::string device_table(const Inventory& inventory);

/// What was measured of devices and of links; empty where nothing was.
std::string measured_speeds(const Inventory& inventory);

/// All that is known: each probe, each device by its names, the links.
std::string explanation(const Inventory& inventory);

/// "llama.cpp", "llama.cpp, OpenVINO"; "-" where no engine can use it.
std::string engine_names(const DeviceInfo& info);

}  // namespace berth::cli
