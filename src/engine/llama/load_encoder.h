/// From a GGUF file to a loaded encoder.
#pragma once

#include <memory>
#include <vector>

#include "berth/encoder.h"

namespace berth::llama {

/// load_encoder() of berth/encoder.h for a GGUF file.
std::shared_ptr<const EncoderModel> load_encoder(const EncoderRequest& request, const LoadContext& context);

/// memory_of() of berth/encoder.h for a GGUF file.
std::vector<DeviceUse> encoder_memory(const EncoderRequest& request, const EncoderUse& use);

}  // namespace berth::llama
