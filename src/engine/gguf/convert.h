/// Models of Hugging Face in safetensors as GGUF files, which llama.cpp loads.
#pragma once

#include <filesystem>

#include "berth/convert_model.h"

namespace berth::gguf {

/// What convert_model() does.
void convert(const std::filesystem::path& folder, const std::filesystem::path& to, const ConvertContext& context);

}  // namespace berth::gguf
