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

/// All of them: the variables that hide some, or list tiles as devices, are changed for this process, which must be one
/// of a probe alone. What single questions are not answered are notes of `report`. Throws LibraryError, LevelZeroError.
LevelZeroDevices level_zero_devices(const Machine& machine, ProbeReport& report);

}  // namespace berth::discovery
