/// What llama.cpp caches of the tokens before, for each layer.
#pragma once

#include <cstdint>
#include <vector>

#include "berth/model.h"
#include "plan/memory/engine_layout.h"

namespace berth::plan {

/// Elements of the values of a layer that one cell holds: those of the widest layer where they are stored the other way
/// round.
std::uint64_t value_width(const ModelProfile& profile, const LayerProfile& layer, const ContextSizes& context);

/// Elements of the state of a convolution over embeddings of n-grams (qwen4exp), which one layer has.
std::uint64_t hash_state(const ModelProfile& profile, std::size_t layer);

/// The bytes of keys, values and recurrent states of each backend.
std::vector<std::uint64_t> cache_bytes(const ModelProfile& profile, const EngineLayout& layout);

}  // namespace berth::plan
