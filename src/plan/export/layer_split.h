/// A placement as llama.cpp is told it: a number of layers that are not on the CPU, and shares of the devices.
#pragma once

#include <vector>

#include "berth/device.h"
#include "plan/memory/engine_layout.h"

namespace berth::plan {

struct LayerSplit {
  std::vector<Device> devices = {};  ///< that the engine is given, in its order
  std::vector<int> counts = {};      ///< of layers on each, the output being one
  int n_gpu_layers = 0;              ///< their sum: -ngl

  bool operator==(const LayerSplit&) const = default;
};

/// The parameters of llama.cpp's library, which takes any list of devices: one that has several runs of layers stands in it
/// for each, and the CPU where it has layers behind those of a device.
LayerSplit run_split(const EngineLayout& layout);

/// The flags of llama.cpp's programs. Throws std::invalid_argument for what they cannot say: they place a run of layers on
/// the CPU, then runs on the devices in their order, and the output with or behind the last.
LayerSplit layer_split(const EngineLayout& layout);

}  // namespace berth::plan
