/// What makes a text of tokens.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "berth/value.h"
#include "value/place.h"

namespace berth::tokenizing {

/// Immutable, safe to use from several threads.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Changes the tokens, or joins them; together they are the text.
  virtual void run(std::vector<std::string>& tokens) const = 0;
};

/// The decoder of a tokenizer.json. Throws std::invalid_argument naming the place.
std::unique_ptr<Decoder> read_decoder(const Value& value, const structs::Place& place);

/// `text` with `to` in the place of each `from`. An empty `from` stands before each character and at the end.
std::string replaced_all(std::string_view text, std::string_view from, std::string_view to);

/// Without the spaces that English does not write: "do n't ." becomes "don't.".
std::string without_needless_spaces(std::string_view text);

}  // namespace berth::tokenizing
