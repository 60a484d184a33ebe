/// The bytes of llama.cpp's compute buffers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "berth/context_spec.h"
#include "berth/model.h"
#include "plan/memory/engine_layout.h"
#include "plan/memory/placed_weights.h"

namespace berth::plan {

struct ComputeBytes {
  std::vector<std::uint64_t> bytes;  ///< of each backend
  std::string estimate;              ///< why they are no close bound; empty where they are
};

/// Builds the graphs that the engine reserves memory for, schedules them and gives their tensors memory, as it does.
ComputeBytes compute_bytes(const ModelProfile& profile, const PlacedWeights& weights, const EngineLayout& layout);

}  // namespace berth::plan
