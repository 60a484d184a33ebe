/// The tokenizer of a model, as a GGUF file holds it.
#pragma once

#include <cstdint>
#include <filesystem>

#include "engine/gguf/keys.h"

namespace berth::gguf {

/// Sets what the tokenizer.json of `folder` says, with the special tokens and the chat template of the files beside it.
/// `size` is the number of rows of the embeddings. Throws FormatError for a kind of tokenizer that llama.cpp does not have,
/// and ModelNotFound where there is no tokenizer.json. True where spaces behind special tokens are left out, as Phi-3 does.
bool set_vocabulary(const std::filesystem::path& folder, std::size_t size, Keys& keys);

}  // namespace berth::gguf
