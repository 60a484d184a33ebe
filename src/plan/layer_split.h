/// A placement as llama.cpp is told it: a number of layers that are not on the CPU, and shares of the devices.
#pragma once

#include <vector>

#include "berth/device.h"
#include "plan/engine_layout.h"

namespace berth::plan {

struct LayerSplit {
  std::vector<Device> devices = {};  ///< that the engine is given, in its order; the CPU is not among them
  std::vector<int> counts = {};      ///< of layers on each, the output being one
  int n_gpu_layers = 0;              ///< their sum: -ngl

  bool operator==(const LayerSplit&) const = default;
};

/// Throws std::invalid_argument where llama.cpp cannot place layers so: it has a run on the CPU, then runs on the devices
/// in their order, and the output with or behind the last.
LayerSplit layer_split(const EngineLayout& layout);

}  // namespace berth::plan
