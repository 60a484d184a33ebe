/// Changes of the text of pieces, character by character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tokenizer/text_buffer.h"

namespace berth::tokenizing {

/// Writes the new text of one piece behind that of the others, as NormalizedString::transform does in `tokenizers`.
/// Each new character is said to stand for the next old one, to be added behind it, or to stand for several.
class Rewrite {
 public:
  /// The whole piece.
  Rewrite(const TextBuffer& from, const Piece& piece, TextBuffer& to);

  /// The bytes [begin, end) of the piece; those around stay as they are.
  Rewrite(const TextBuffer& from, const Piece& piece, TextBuffer& to, std::size_t begin, std::size_t end);

  /// Passes over the next old characters, so many bytes; nothing stands for them.
  void drop_bytes(std::size_t count) { at_ += count; }

  /// Passes over the next `count` old characters.
  void drop(std::size_t count);

  /// The next old characters, so many bytes, stay.
  void keep_bytes(std::size_t count);

  /// A new character. `change` 0: it stands for the next old one; above: it is added behind that; below: it stands for the
  /// next one and as many of those that follow.
  void put(std::uint32_t code, int change);

  /// An added text behind what was passed over.
  void insert(std::string_view text);

  /// The new piece. `to.pieces` does not have it yet.
  Piece finish();

 private:
  void copy(std::size_t begin, std::size_t end);
  Range origin_before(std::size_t at) const;

  const TextBuffer& from_;
  const Piece& piece_;
  TextBuffer& to_;
  std::size_t start_;  // of the new text
  std::size_t at_;     // next old byte, in the piece
  std::size_t end_;    // of the old bytes that are rewritten
};

/// Rewrites the text of each piece that is no added token. `write` gets the old text and a Rewrite.
template <class F>
void rewrite_pieces(TextBuffer& buffer, F write) {
  TextBuffer next;
  next.most_bytes = buffer.most_bytes;
  next.text.reserve(buffer.text.size());
  next.origins.reserve(buffer.text.size());
  next.pieces.reserve(buffer.pieces.size());
  for (const auto& piece : buffer.pieces) {
    Rewrite rewrite(buffer, piece, next);
    if (piece.added_token < 0)
      write(buffer.view(piece), rewrite);
    else
      rewrite.keep_bytes(piece.text.end - piece.text.begin);
    next.pieces.push_back(rewrite.finish());
  }
  buffer = std::move(next);
}

}  // namespace berth::tokenizing
