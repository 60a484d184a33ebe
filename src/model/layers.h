/// The layers of a model, from its metadata.
#pragma once

#include <cstdint>

#include "berth/model.h"

namespace berth::model {

/// Files that claim more are damaged: llama.cpp takes 512, and no known model has 200.
inline constexpr std::uint64_t most_layers = 8192;

/// An entry of the architecture's own metadata, such as "attention.head_count": nothing where it is absent, no whole
/// number, negative or an array.
std::optional<std::uint64_t> architecture_count(const ModelProfile& profile, std::string_view key);

/// Fills in what the architecture's metadata say of the model and its layers. They are only believed where they make
/// sense: more than `most_layers` leave `layers` empty.
void set_layers(ModelProfile& profile);

}  // namespace berth::model
