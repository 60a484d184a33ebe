/// What changes a text before it is cut.
#pragma once

#include <memory>

#include "berth/value.h"
#include "tokenizer/text_buffer.h"
#include "value/place.h"

namespace berth::tokenizing {

/// Immutable, safe to use from several threads.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  /// Changes the pieces that are no added tokens.
  virtual void run(TextBuffer& buffer) const = 0;
};

/// The normalizer of a tokenizer.json. Throws std::invalid_argument naming the place.
std::unique_ptr<Normalizer> read_normalizer(const Value& value, const structs::Place& place);

}  // namespace berth::tokenizing
