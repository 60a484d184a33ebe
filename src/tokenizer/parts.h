/// What a tokenizer consists of.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "berth/tokenizer.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/decoder.h"
#include "tokenizer/model.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/pre_tokenizer.h"

namespace berth::tokenizing {

struct Parts {
  std::filesystem::path path;
  std::unique_ptr<Normalizer> normalizer;
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  std::unique_ptr<Model> model;
  std::unique_ptr<PostProcessor> post_processor;
  std::unique_ptr<Decoder> decoder;
  AddedTokens added;
  std::optional<Truncation> truncation;
  std::optional<Padding> padding;
  std::optional<std::size_t> max_length;
  TokenSide truncation_side = TokenSide::right;
  bool clean_up_spaces = false;
  bool gives_token_types = true;
  /// That of the file, by which added tokens are looked for, where the class of the tokenizer has another one.
  std::unique_ptr<Normalizer> normalizer_of_added;
};

}  // namespace berth::tokenizing
