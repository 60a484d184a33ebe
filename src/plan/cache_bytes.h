/// What llama.cpp caches of the tokens before, for each layer.
#pragma once

#include <cstdint>
#include <vector>

#include "berth/model.h"
#include "plan/engine_layout.h"

namespace berth::plan {

/// Elements of the values of a layer that one cell holds: those of the widest layer where they are stored the other way
/// round, which is so without flash attention.
std::uint64_t value_width(const ModelProfile& profile, const LayerProfile& layer, bool transposed);

/// The bytes of keys, values and recurrent states of each backend. `transposed`: the engine was told not to use flash
/// attention.
std::vector<std::uint64_t> cache_bytes(const ModelProfile& profile, const EngineLayout& layout, bool transposed);

}  // namespace berth::plan
