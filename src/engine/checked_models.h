/// Which files of models are known to do no harm to the process that loads them.
#pragma once

#include <filesystem>

#include "berth/model.h"

namespace berth {

/// Whether the file is one of Berth's own models, which were compared with their hashes, or answered well before and is the same since, by
/// path, size and time. What llama.cpp makes of another one may end the process.
bool is_checked(const std::filesystem::path& model, const ModelSearch& search);

/// Keeps in "answered.json" beside Berth's models that it did. A folder that cannot be written keeps nothing.
void keep_checked(const std::filesystem::path& model, const ModelSearch& search);

}  // namespace berth
