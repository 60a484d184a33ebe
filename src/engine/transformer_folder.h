/// Where the files of a model's transformer lie.
#pragma once

#include <filesystem>

namespace berth {

/// The folder with the configuration and the tokenizer of `model`: the one that modules.json of sentence-transformers names,
/// or the model's own; of a GGUF file the one that it lies in. Throws as load_encoder().
std::filesystem::path transformer_folder(const std::filesystem::path& model);

}  // namespace berth
