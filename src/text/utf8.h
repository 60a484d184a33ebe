/// UTF-8, by the table of well-formed sequences: Unicode 15.0, 3.9; the same as RFC 3629.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth {

struct Utf8Character {
  enum State {
    whole,
    cut,    ///< the text ends before the character does
    broken  ///< not UTF-8
  };
  State state;
  std::size_t length;  ///< bytes to go on by, at least 1: the character, or the longest part that may start one
  std::uint32_t code;  ///< of a whole character; else the first byte
};

/// What `text`, which must not be empty, starts with.
Utf8Character first_character(std::string_view text);

bool is_utf8(std::string_view bytes);

/// `bytes` with each part that is not UTF-8 replaced by one U+FFFD.
std::string valid_utf8(std::string_view bytes);

}  // namespace berth
