/// Texts that are put before others, or in their place.
#pragma once

#include <string_view>

#include "tokenizer/pattern.h"
#include "tokenizer/rewrite.h"

namespace berth::tokenizing {

/// Rewrites `text` with `content` in the place of each match, which comes from the last character of the match.
void write_replaced(const Pattern& pattern, std::string_view content, std::string_view text, Rewrite& rewrite);

/// Puts `prefix` before each piece that is neither empty nor an added token and that `wanted` says yes to. The new text
/// comes from the first character of the piece.
template <class F>
void prepend(TextBuffer& buffer, std::string_view prefix, F wanted) {
  TextBuffer next;
  next.most_bytes = buffer.most_bytes;
  next.text.reserve(buffer.text.size() + 8 * buffer.pieces.size());
  next.origins.reserve(next.text.capacity());
  for (const auto& piece : buffer.pieces) {
    const auto text = buffer.view(piece);
    if (piece.added_token >= 0 || text.empty() || !wanted(piece, text)) {
      Rewrite rewrite(buffer, piece, next);
      rewrite.keep_bytes(text.size());
      next.pieces.push_back(rewrite.finish());
      continue;
    }
    const auto first = character_at(text, 0);
    Rewrite rewrite(buffer, piece, next, 0, first.length);
    bool is_first = true;
    each_character(prefix, [&](std::uint32_t code) {
      rewrite.put(code, is_first ? 0 : 1);
      is_first = false;
    });
    rewrite.put(first.code, 1);
    next.pieces.push_back(rewrite.finish());
  }
  buffer = std::move(next);
}

}  // namespace berth::tokenizing
