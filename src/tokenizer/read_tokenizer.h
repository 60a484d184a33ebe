/// Reading tokenizers.
#pragma once

#include <string_view>

#include "berth/value.h"
#include "tokenizer/parts.h"

namespace berth::tokenizing {

// Each throws std::invalid_argument naming the place.

/// A tokenizer.json. `config` is tokenizer_config.json, or null.
Parts read_tokenizer(const Value& value, const Value& config);

/// A vocab.txt, one token a line, with what `config` says of lower case and special tokens.
Parts read_vocab_txt(std::string_view text, const Value& config);

/// The vocab.json and merges.txt of a RoBERTa, with what `config` says of its class and special tokens.
Parts read_vocab_json(std::string_view vocab, std::string_view merges, const Value& config);

/// What a tokenizer_config.json says beside the tokenizer: added tokens, the greatest length, clean spaces.
void apply_config(const Value& config, Parts& parts);

}  // namespace berth::tokenizing
