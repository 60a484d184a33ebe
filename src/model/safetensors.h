/// Models in safetensors: one file, or a folder with an index and config.json.
#pragma once

#include <filesystem>
#include <vector>

#include "berth/model.h"

namespace berth::model {

/// The profile of a model in safetensors. `path` is a file, an index ("model.safetensors.index.json"), or a folder. A file
/// that an index beside it names stands for the whole model. Throws as read_model.
ModelProfile read_safetensors_model(const std::filesystem::path& path);

/// The files of that model, each at the place that TensorInfo::part tells. Throws as read_model.
std::vector<std::filesystem::path> safetensors_files(const std::filesystem::path& path);

/// Whether the name of a file ends as those of safetensors and their indexes do.
bool is_safetensors_name(const std::filesystem::path& path);

}  // namespace berth::model
