/// What the translations of other languages' regular expressions into PCRE2's share.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string_view>

#include "text/python_pattern.h"

namespace berth {

inline bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_ascii_hex(char c) { return is_ascii_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
inline bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// A pattern that is read from its start to its end, and what has been written of it.
class PatternTranslation {
 protected:
  explicit PatternTranslation(std::string_view pattern) : pattern_(pattern) {}

  char peek(std::size_t ahead = 0) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0'; }

  [[noreturn]] void fail(std::size_t position, std::string_view reason) const {
    throw std::invalid_argument(pattern_error(pattern_, position, reason));
  }

  /// Writes `text` for the next `length` bytes of the pattern.
  void write(std::string_view text, std::size_t length) {
    out_.text += text;
    out_.origin.resize(out_.text.size(), at_);
    at_ += length;
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  Pcre2Pattern out_;
};

}  // namespace berth
