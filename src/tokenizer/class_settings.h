/// What the tokenizer classes of transformers change in a tokenizer.json when they load it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "berth/value.h"

namespace berth::tokenizing {

/// The id that a tokenizer.json has for a token.
using IdOfToken = std::function<std::optional<std::int64_t>(std::string_view token)>;

/// The tokenizer_config.json of a folder, or null, with `settings` in place of its entries; its "tokenizer_class" is that of
/// config.json where it names none, as for AutoTokenizer, and what stands in older files beside it is added. Throws
/// FormatError.
Value read_settings(const std::filesystem::path& folder, const Value::Object& settings);

/// The class in `config` without "Fast" at its end; empty: none is known.
std::string class_of(const Value& config);

/// Whether transformers makes the tokenizer of `config` of the vocab.txt in `folder`, by a class in Python: "tokenizer_file" is
/// null there. It cleans up decoded texts then, unless the file says otherwise.
bool is_made_of_vocab_txt(const std::filesystem::path& folder, const Value& config);

/// Whether a model is told which tokens are of which text: what "model_input_names" in `config` says, else its class.
bool gives_token_types(const Value& config);

// Each gives the part of a tokenizer.json as the class in `config` leaves it; throws std::invalid_argument.

/// BERT's classes obey tokenizer_config.json where the two contradict each other, and their own defaults.
Value normalizer_of_class(Value normalizer, const Value& config);
/// The space before a text is added only where tokenizer_config.json says so.
Value pre_tokenizer_of_class(Value pre_tokenizer, const Value& config);
/// RoBERTa's class says where offsets begin, Llama's which tokens stand around a text. Null: there is none.
Value post_processor_of_class(Value post_processor, const Value& config, const IdOfToken& id_of);

}  // namespace berth::tokenizing
