/// Intel's GPUs and NPUs as the Level Zero loader lists them.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "discover/probe.h"

namespace berth::discovery {

/// An error code of Level Zero.
struct LevelZeroError : std::runtime_error {
  LevelZeroError(const char* function, std::uint32_t result_of);

  std::uint32_t result;
};

struct LevelZeroDevice {
  DeviceInfo info = {};  ///< but for its index and its pool
  std::size_t driver = 0;
  std::vector<LevelZeroDevice> tiles = {};  ///< where there are two at least
};

struct LevelZeroDevices {
  std::vector<LevelZeroDevice> gpus;
  std::vector<LevelZeroDevice> npus;
};

/// All devices. Variables of this process that hide devices or list tiles as devices are changed: call it in a process
/// that runs this probe alone. What the driver does not answer is noted in `report`. Throws LibraryError, LevelZeroError.
LevelZeroDevices level_zero_devices(const Machine& machine, ProbeReport& report);

}  // namespace berth::discovery
