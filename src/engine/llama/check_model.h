/// What is refused before llama.cpp reads a model, because it would end the process or give no text.
#pragma once

#include <cstdint>
#include <string_view>

#include "berth/device.h"
#include "berth/model.h"
#include "berth/placement.h"

namespace berth::llama {

/// Refuses what would end the whole process inside llama.cpp: by its assertions (LLAMA_MAX_LAYERS), or because it looks
/// at tensors that are not there. Throws EngineError of `device`.
void check_profile(const ModelProfile& profile, const Device& device);

/// Refuses models that write no text: encoders alone, as those of embedders and rankers. Throws EngineError of `device`.
void check_generates(const ModelProfile& profile, const Device& device);

/// Refuses what gives no states of texts, or scores that mean nothing. Throws EngineError of `device`.
void check_encodes(const ModelProfile& profile, const Device& device);

/// A number of the architecture's metadata: "pooling_type".
std::int64_t number_of(const ModelProfile& profile, std::string_view key, std::int64_t otherwise);

/// A placement names each layer once. Throws std::invalid_argument.
void check_layers(const ModelProfile& profile, const Placement& placement);

}  // namespace berth::llama
