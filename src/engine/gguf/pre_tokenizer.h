/// What llama.cpp calls the ways to cut a text into words.
#pragma once

#include <string>

#include "berth/value.h"

namespace berth::gguf {

/// The name for "tokenizer.ggml.pre" of what cuts words in `tokenizer`, a tokenizer.json with BPE over bytes; empty where
/// llama.cpp has none that is known here.
std::string pre_tokenizer_name(const Value& tokenizer);

}  // namespace berth::gguf
