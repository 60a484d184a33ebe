/// What a component needs of an encoder.
#pragma once

#include <string_view>

#include "berth/text_encoder.h"

namespace berth {

/// Throws std::invalid_argument where the model was trained for something else than `task`: `component` says who asks.
void check_head(const TextEncoder& encoder, EncoderTask task, std::string_view component);

}  // namespace berth
