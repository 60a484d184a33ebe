/// What a machine has. For now the devices that the engines report.
#pragma once

#include <cstdint>
#include <string>

#include "berth/device.h"

namespace berth {

/// One device of this machine, as an engine sees it.
struct DeviceInfo {
  Device device;
  std::string name = {};         ///< what a person calls it: "AMD EPYC 9654", "NVIDIA H200"
  std::string engine = {};       ///< the engine that can use it: "llama.cpp"
  std::string engine_name = {};  ///< its name there: "CUDA1"
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;  ///< at the time of asking
};

}  // namespace berth
