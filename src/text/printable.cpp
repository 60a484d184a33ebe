#include "text/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "text/utf8.h"

namespace berth {
namespace {

bool acts_on_terminals(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string escape(std::uint32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      return code > 0xFF ? fmt::format("\\u{:04x}", code) : fmt::format("\\x{:02x}", code);
  }
}

/// `bytes`, which are one character or a part that is none.
std::string shown(std::string_view bytes, const Utf8Character& character, bool keep_lines) {
  if (character.state == Utf8Character::whole) {
    const bool kept = keep_lines && (character.code == '\n' || character.code == '\t');
    return kept || !acts_on_terminals(character.code) ? std::string(bytes) : escape(character.code);
  }
  std::string escapes;
  for (const char byte : bytes) escapes += escape(static_cast<unsigned char>(byte));
  return escapes;
}

/// Moves the printable ASCII with which `text` begins, which is nearly always all of it, to `out`. Returns its bytes.
std::size_t take_plain(std::string_view& text, std::string& out, std::size_t limit = std::string_view::npos) {
  const auto begin = text.substr(0, limit);
  const auto end = std::ranges::find_if(begin, [](char c) { return c < ' ' || c > '~'; });
  const auto count = static_cast<std::size_t>(end - begin.begin());
  out += begin.substr(0, count);
  text.remove_prefix(count);
  return count;
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (true) {
    limit -= take_plain(text, out, limit);
    if (text.empty()) return out;
    const auto character = first_character(text);
    if (character.length > limit) return out + "...";
    out += shown(text.substr(0, character.length), character, false);
    text.remove_prefix(character.length);
    limit -= character.length;
  }
}

std::string escaped(std::string_view text, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  while (true) {
    take_plain(text, out);
    if (text.empty()) return out;
    const auto character = first_character(text);
    out += shown(text.substr(0, character.length), character, keep_lines);
    text.remove_prefix(character.length);
  }
}

std::string in_markup(std::string_view text) {
  std::string out;
  for (const char c : escaped(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string in_quotes(std::string_view text) { return "'" + printable(text, 300) + "'"; }

}  // namespace berth
