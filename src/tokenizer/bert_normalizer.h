/// BERT's normalizer.
#pragma once

#include <memory>
#include <optional>

#include "tokenizer/normalizer.h"
#include "tokenizer/rewrite.h"

namespace berth::tokenizing {

struct BertNormalizerOptions {
  bool clean_text = true;                  ///< no control characters; all white space is a space
  bool handle_chinese_chars = true;        ///< ideographs between spaces
  std::optional<bool> strip_accents = {};  ///< absent: as `lowercase`
  bool lowercase = true;
};

std::unique_ptr<Normalizer> bert_normalizer(const BertNormalizerOptions& options);
std::unique_ptr<Normalizer> read_bert_normalizer(const Value& value, const structs::Place& place);

/// Each character in lower case, whatever stands around it.
void write_lower_case(std::string_view text, Rewrite& rewrite);

}  // namespace berth::tokenizing
