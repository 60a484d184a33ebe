/// What cuts a text into the words that become tokens.
#pragma once

#include <memory>

#include "berth/value.h"
#include "tokenizer/text_buffer.h"
#include "value/place.h"

namespace berth::tokenizing {

/// Immutable, safe to use from several threads.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Cuts and changes the pieces that are no added tokens.
  virtual void run(TextBuffer& buffer) const = 0;
};

/// The pre-tokenizer of a tokenizer.json. Throws std::invalid_argument naming the place.
std::unique_ptr<PreTokenizer> read_pre_tokenizer(const Value& value, const structs::Place& place);

}  // namespace berth::tokenizing
