#include "text/utf8.h"

#include <algorithm>

namespace berth {

Utf8Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {Utf8Character::whole, 1, lead};
  if (lead < 0xC2 || lead > 0xF4) return {Utf8Character::broken, 1, lead};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  std::uint32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {Utf8Character::cut, i, lead};
    const unsigned char low = i > 1 ? 0x80 : lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = i > 1 ? 0xBF : lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(i) < low || byte(i) > high) return {Utf8Character::broken, i, lead};
    code = code << 6U | (byte(i) & 0x3FU);
  }
  return {Utf8Character::whole, length, code};
}

bool is_utf8(std::string_view bytes) {
  const auto is_ascii = [](char byte) { return static_cast<unsigned char>(byte) < 0x80; };
  while (true) {
    const auto* rest = std::ranges::find_if_not(bytes, is_ascii);
    bytes.remove_prefix(static_cast<std::size_t>(rest - bytes.begin()));
    if (bytes.empty()) return true;
    const auto character = first_character(bytes);
    if (character.state != Utf8Character::whole) return false;
    bytes.remove_prefix(character.length);
  }
}

std::string valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto character = first_character(bytes);
    text += character.state == Utf8Character::whole ? bytes.substr(0, character.length) : std::string_view("\uFFFD");
    bytes.remove_prefix(character.length);
  }
  return text;
}

}  // namespace berth
