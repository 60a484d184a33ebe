/// What counts as a GGUF file.
#pragma once

#include <filesystem>

namespace berth::model {

/// Whether `path` is no folder and named as a GGUF file, or is a file without an ending that begins as one: a blob of a cache.
bool is_gguf(const std::filesystem::path& path);

}  // namespace berth::model
