/// Models as the engine that generates can load them.
#pragma once

#include <filesystem>

#include "berth/convert_model.h"
#include "berth/model.h"

namespace berth {

/// `model`, as locate_model() gives it, or the GGUF file that was made of it where it is a folder with safetensors. The file
/// lies in "converted" beside Berth's models, as what nobody checked. It is made where it is not there yet, or the folder has changed since; of two
/// processes one makes it. Throws as convert_model() does.
std::filesystem::path loadable_model(const std::filesystem::path& model, const ModelSearch& search,
                                     const ConvertContext& context);

}  // namespace berth
