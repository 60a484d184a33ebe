/// Models in GGUF, of one file or split into several.
#pragma once

#include <filesystem>

#include "berth/model.h"

namespace berth::model {

/// The profile of the model whose only or first file is `path`. Throws as read_model.
ModelProfile read_gguf_model(const std::filesystem::path& path);

}  // namespace berth::model
