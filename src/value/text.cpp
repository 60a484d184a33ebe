#include "value/text.h"

#include <fmt/format.h>

#include <cstdint>

namespace berth {
namespace {

unsigned char byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

std::uint32_t code_point(std::string_view character) {
  std::uint32_t code = byte_at(character, 0);
  if (character.size() == 1) return code;
  code &= 0x7fU >> character.size();
  for (std::size_t i = 1; i < character.size(); ++i) code = code << 6 | (byte_at(character, i) & 0x3fU);
  return code;
}

bool acts_on_terminals(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

void append_escaped(std::string& out, std::uint32_t code) {
  switch (code) {
    case '\n':
      out += "\\n";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\r':
      out += "\\r";
      break;
    default:
      out += code > 0xff ? fmt::format("\\u{:04x}", code) : fmt::format("\\x{:02x}", code);
  }
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned char lead = byte_at(text, 0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte_at(text, i) & 0xc0) != 0x80) return 0;
  const unsigned char second = byte_at(text, 1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool surrogate = lead == 0xed && second > 0x9f;
  const bool beyond = lead == 0xf4 && second > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length > limit || limit == 0) return out + "...";
    const std::size_t taken = length == 0 ? 1 : length;
    if (length == 0)
      append_escaped(out, byte_at(text, 0));
    else if (const auto code = code_point(text.substr(0, length)); acts_on_terminals(code))
      append_escaped(out, code);
    else
      out += text.substr(0, length);
    text.remove_prefix(taken);
    limit -= taken;
  }
  return out;
}

}  // namespace berth
