/// The layers of a model, from its metadata.
#pragma once

#include "berth/model.h"

namespace berth::model {

/// An entry of the architecture's own metadata, such as "attention.head_count": nothing where it is absent, no whole
/// number, negative or an array.
std::optional<std::uint64_t> architecture_count(const ModelProfile& profile, std::string_view key);

/// Fills in what the architecture's metadata say of the model and its layers. They are only believed where they make
/// sense: a layer count of 2^63 leaves `layers` empty.
void set_layers(ModelProfile& profile);

}  // namespace berth::model
