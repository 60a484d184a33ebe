/// A text on its way to tokens: cut into pieces, changed, and always knowing which bytes of the original it comes from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/utf8.h"

namespace berth::tokenizing {

inline constexpr std::size_t most_text_bytes = std::size_t{1} << 30U;  ///< of one text

/// Bytes of the original text, [begin, end).
struct Range {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  bool operator==(const Range&) const = default;
};

/// A part of the text, which is valid UTF-8.
struct Piece {
  Range text;      ///< in the buffer
  Range original;  ///< what it comes from; can be empty where characters were only inserted
  /// An added token, which nothing changes or cuts any more; -1: none.
  std::int64_t added_token = -1;
};

/// The text of all pieces, one behind the other, and for each byte the character of the original that it comes from.
struct TextBuffer {
  std::string text;
  std::vector<Range> origins;
  std::vector<Piece> pieces;
  std::size_t most_bytes = 0;  ///< that a tokenizer may make of the text

  /// Throws std::invalid_argument where the text has grown beyond all reason.
  void check_size() const;

  /// One piece, the whole text, which must be valid UTF-8.
  static TextBuffer of(std::string_view text);

  std::string_view view(const Piece& piece) const {
    return std::string_view(text).substr(piece.text.begin, piece.text.end - piece.text.begin);
  }

  /// The piece of the bytes [begin, end) of `piece`, which are whole characters.
  Piece part_of(const Piece& piece, std::size_t begin, std::size_t end) const;

  /// Bytes of the original behind the bytes [begin, end) of `piece`. An empty range stands for itself.
  Range origin_of(const Piece& piece, std::size_t begin, std::size_t end) const;
};

/// A character of valid UTF-8 at `at`, and its length.
struct Character {
  std::uint32_t code;
  std::uint32_t length;
};

inline Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i])); };
  const auto lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1FU) << 6U | (byte(1) & 0x3FU), 2};
  if (lead < 0xF0) return {(lead & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU), 3};
  return {(lead & 0x07U) << 18U | (byte(1) & 0x3FU) << 12U | (byte(2) & 0x3FU) << 6U | (byte(3) & 0x3FU), 4};
}

inline std::uint32_t character_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

template <class F>
void each_character(std::string_view text, F visit) {
  for (std::size_t at = 0; at < text.size();) {
    const auto character = character_at(text, at);
    visit(character.code);
    at += character.length;
  }
}

bool is_ascii(std::string_view text);

}  // namespace berth::tokenizing
