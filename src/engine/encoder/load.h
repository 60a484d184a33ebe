/// From a folder of Hugging Face to a loaded encoder.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "berth/encoder.h"

namespace berth::encoder {

/// load_encoder() of berth/encoder.h.
std::shared_ptr<const EncoderModel> load(const EncoderRequest& request, const LoadContext& context);

/// transformer_folder() of engine/transformer_folder.h for a folder, or for a file in one.
std::filesystem::path transformer_folder(const std::filesystem::path& model);

/// memory_of() of berth/encoder.h.
std::vector<DeviceUse> memory(const EncoderRequest& request, const EncoderUse& use);

}  // namespace berth::encoder
