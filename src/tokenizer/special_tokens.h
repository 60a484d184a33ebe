/// The special tokens that a tokenizer_config.json names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "berth/value.h"
#include "tokenizer/added_tokens.h"

namespace berth::tokenizing {

// Each throws std::invalid_argument naming the place.

/// The entry `name`, such as "cls_token": a text, or an added token in full.
AddedToken special_token(const Value& config, std::string_view name, std::string_view otherwise);

/// All of them, each once, in the order in which transformers adds them: those with a meaning, then
/// "additional_special_tokens" and "extra_special_tokens".
std::vector<AddedToken> special_tokens(const Value& config);

/// `config` with what transformers wrote into files of their own before there was "added_tokens_decoder":
/// special_tokens_map.json without the entries that `settings` have, and added_tokens.json under its name. Nulls: no file.
Value with_older_files(Value config, const Value& special_tokens_map, const Value& added_tokens,
                       const Value::Object& settings);

/// The tokens of added_tokens.json there, in the order of their ids, except those whose ids `known` has.
std::vector<AddedToken> older_added_tokens(const Value& config, const AddedTokens& known);

}  // namespace berth::tokenizing
