/// What is refused before llama.cpp reads a model, because it would end the process or give no text.
#pragma once

#include "berth/device.h"
#include "berth/model.h"
#include "berth/placement.h"

namespace berth::llama {

/// Refuses what would end the whole process inside llama.cpp: by its assertions (LLAMA_MAX_LAYERS), or because it looks
/// at tensors that are not there. Throws EngineError of `device`.
void check_profile(const ModelProfile& profile, const Device& device);

/// Refuses models that write no text: encoders alone, as those of embedders and rankers. Throws EngineError of `device`.
void check_generates(const ModelProfile& profile, const Device& device);

/// A placement names each layer once. Throws std::invalid_argument.
void check_layers(const ModelProfile& profile, const Placement& placement);

}  // namespace berth::llama
