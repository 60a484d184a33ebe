/// What puts special tokens around the tokens of texts.
#pragma once

#include <memory>
#include <vector>

#include "berth/value.h"
#include "tokenizer/draft.h"
#include "value/place.h"

namespace berth::tokenizing {

/// Immutable, safe to use from several threads.
class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  virtual std::size_t added_count(bool is_pair) const = 0;  ///< tokens that it adds
  /// Changes the parts, of which there are one or two to begin with; joined they are the encoding.
  virtual void run(std::vector<Draft>& parts, bool add_special_tokens) const = 0;
};

/// The post-processor of a tokenizer.json. Throws std::invalid_argument naming the place.
std::unique_ptr<PostProcessor> read_post_processor(const Value& value, const structs::Place& place);

std::unique_ptr<PostProcessor> read_template(const Value& value, const structs::Place& place);
std::unique_ptr<PostProcessor> read_bert_processing(const Value& value, const structs::Place& place);
std::unique_ptr<PostProcessor> read_roberta_processing(const Value& value, const structs::Place& place);

/// A special token.
struct Border {
  std::string token;
  std::int32_t id;
};

/// BERT's, for a vocabulary without tokenizer.json: with so many `sep` between two texts.
std::unique_ptr<PostProcessor> bert_template(const Border& cls, const Border& sep, std::size_t separators);

/// Takes the white space at the ends of tokens out of their offsets (of GPT-2's letters).
void trim_offsets(Draft& draft, bool add_prefix_space);

}  // namespace berth::tokenizing
