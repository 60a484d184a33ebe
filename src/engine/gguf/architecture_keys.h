/// What llama.cpp is told of each architecture: one function for those that it builds alike.
#pragma once

#include <string>
#include <string_view>

#include "engine/encoder/config.h"
#include "engine/gguf/keys.h"

namespace berth::gguf {

constexpr std::int64_t most_count = 1 << 24;

/// Throws FormatError where an entry is there and not `expected`: its other values change what is computed.
void need(const encoder::Config& config, std::string_view name, const Value& expected);

/// Sizes of layers, of heads and of the vocabulary, and rotations, which most decoders name as Llama does.
void set_decoder(const encoder::Config& config, const std::string& name, std::int64_t context_length, Keys& keys);

/// Which layers see no more than "sliding_window" tokens: those that "layer_types" names, else all but each `period`-th. False,
/// and nothing is set, where that is none.
bool set_windows(const encoder::Config& config, const std::string& name, std::int64_t period, Keys& keys);

// Each sets the keys of an architecture that is called `name` in GGUF.
void set_llama(const encoder::Config& config, const std::string& name, Keys& keys);
void set_phi3(const encoder::Config& config, const std::string& name, Keys& keys);
void set_smollm3(const encoder::Config& config, const std::string& name, Keys& keys);
void set_granite(const encoder::Config& config, const std::string& name, Keys& keys);
void set_olmo2(const encoder::Config& config, const std::string& name, Keys& keys);
void set_mixtral(const encoder::Config& config, const std::string& name, Keys& keys);
void set_qwen2_moe(const encoder::Config& config, const std::string& name, Keys& keys);
void set_qwen3_moe(const encoder::Config& config, const std::string& name, Keys& keys);
void set_gemma(const encoder::Config& config, const std::string& name, Keys& keys);
void set_gemma2(const encoder::Config& config, const std::string& name, Keys& keys);
void set_gemma3(const encoder::Config& config, const std::string& name, Keys& keys);

/// What transformers takes where the "text_config" of Gemma 3 says nothing, as in its files.
Value gemma3_text();

void set_gpt2(const encoder::Config& config, const std::string& name, Keys& keys);
void set_t5(const encoder::Config& config, const std::string& name, Keys& keys);

}  // namespace berth::gguf
