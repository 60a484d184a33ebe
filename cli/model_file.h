/// The model that a command is given.
#pragma once

#include <string>

#include "berth/model.h"

namespace berth::cli {

/// What locate_model() or locate_encoder() finds in this machine's caches; also the folder or a file of a model in safetensors,
/// and an ONNX file, which no engine needs to know. Throws as locate_model() and read_model().
ModelProfile profile_of(const std::string& model);

}  // namespace berth::cli
