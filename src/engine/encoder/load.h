/// From a folder of Hugging Face to a loaded encoder.
#pragma once

#include <memory>

#include "berth/encoder.h"

namespace berth::encoder {

/// load_encoder() of berth/encoder.h.
std::shared_ptr<const EncoderModel> load(const EncoderRequest& request, const LoadContext& context);

}  // namespace berth::encoder
