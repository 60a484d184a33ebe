/// Encoders in this process, wherever their devices are.
#pragma once

#include <memory>
#include <vector>

#include "berth/encoder.h"

namespace berth {

/// load_encoder() and memory_of() of berth/encoder.h. A device of a worker may end the process.
std::shared_ptr<const EncoderModel> load_encoder_here(const EncoderRequest& request, const LoadContext& context);
std::vector<DeviceUse> encoder_memory_here(const EncoderRequest& request, const EncoderUse& use);

}  // namespace berth
