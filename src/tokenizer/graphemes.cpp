#include "tokenizer/graphemes.h"

#include <unicode/uchar.h>

#include "tokenizer/text_buffer.h"

namespace berth::tokenizing {
namespace {

int break_class(std::uint32_t code) {
  return u_getIntPropertyValue(static_cast<UChar32>(code), UCHAR_GRAPHEME_CLUSTER_BREAK);
}

bool is_break_control(int kind) { return kind == U_GCB_CR || kind == U_GCB_LF || kind == U_GCB_CONTROL; }

bool is_pictographic(std::uint32_t code) {
  return u_hasBinaryProperty(static_cast<UChar32>(code), UCHAR_EXTENDED_PICTOGRAPHIC) != 0;
}

/// GB6 to GB8.
bool is_one_syllable(int left, int right) {
  if (left == U_GCB_L) return right == U_GCB_L || right == U_GCB_V || right == U_GCB_LV || right == U_GCB_LVT;
  if (left == U_GCB_LV || left == U_GCB_V) return right == U_GCB_V || right == U_GCB_T;
  return (left == U_GCB_LVT || left == U_GCB_T) && right == U_GCB_T;
}

}  // namespace

std::size_t first_grapheme(std::string_view text) {
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7F; };
  if (is_plain(text[0]) && (text.size() == 1 || static_cast<signed char>(text[1]) >= 0)) return 1;

  auto character = character_at(text, 0);
  int left = break_class(character.code);
  bool after_picture = is_pictographic(character.code);  // a picture, and marks
  bool joins_picture = false;                            // ... and a joiner
  bool odd_indicators = left == U_GCB_REGIONAL_INDICATOR;
  std::size_t at = character.length;
  while (at < text.size()) {
    character = character_at(text, at);
    const int right = break_class(character.code);
    const bool picture = is_pictographic(character.code);
    bool joined = false;
    if (left == U_GCB_CR)
      joined = right == U_GCB_LF;
    else if (is_break_control(left) || is_break_control(right))
      joined = false;
    else
      joined = is_one_syllable(left, right) || right == U_GCB_EXTEND || right == U_GCB_ZWJ ||
               right == U_GCB_SPACING_MARK || left == U_GCB_PREPEND || (joins_picture && picture) ||
               (odd_indicators && right == U_GCB_REGIONAL_INDICATOR);
    if (!joined) return at;
    joins_picture = after_picture && right == U_GCB_ZWJ;
    after_picture = picture || (after_picture && right == U_GCB_EXTEND);
    odd_indicators = right == U_GCB_REGIONAL_INDICATOR && !odd_indicators;
    left = right;
    at += character.length;
  }
  return at;
}

}  // namespace berth::tokenizing
