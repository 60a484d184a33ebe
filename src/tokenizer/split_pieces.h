/// Cutting the pieces of a text.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/pattern.h"
#include "tokenizer/text_buffer.h"

namespace berth::tokenizing {

/// Puts in the place of each piece that is no added token the parts that `cut` gives: it gets the text and an empty list,
/// and adds what stays. Empty parts and those with is_match are left out.
template <class F>
void split_pieces(TextBuffer& buffer, F cut) {
  std::vector<Piece> pieces;
  pieces.reserve(buffer.text.size() / 4 + buffer.pieces.size());
  std::vector<Span> parts;
  for (const auto& piece : buffer.pieces) {
    if (piece.added_token >= 0) {
      pieces.push_back(piece);
      continue;
    }
    const auto text = buffer.view(piece);
    if (text.empty()) continue;
    parts.clear();
    cut(text, parts);
    for (const auto& part : parts)
      if (!part.is_match && part.begin < part.end) pieces.push_back(buffer.part_of(piece, part.begin, part.end));
  }
  buffer.pieces = std::move(pieces);
}

/// The same by a pattern. `invert`: what does not match cuts.
inline void split_pieces(TextBuffer& buffer, const Pattern& pattern, SplitBehavior behavior, bool invert = false) {
  split_pieces(buffer, [&](std::string_view text, std::vector<Span>& parts) {
    pattern.find(text, parts);
    if (invert)
      for (auto& part : parts) part.is_match = !part.is_match;
    parts = joined(std::move(parts), behavior);
  });
}

}  // namespace berth::tokenizing
