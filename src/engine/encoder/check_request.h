/// What a request may hold.
#pragma once

#include "berth/encoder.h"

namespace berth::encoder {

/// Throws std::invalid_argument, which names the sequence, where `request` is none that `model` can compute.
void check_request(const EncodeRequest& request, const EncoderModel& model);

}  // namespace berth::encoder
