#include "text.h"

#include <fmt/format.h>

#include <array>

namespace berth::cli {
namespace {

struct Character {
  std::uint32_t code;
  std::size_t length;
  bool valid;
};

/// The character that `text` (not empty) starts with, by the table of well-formed sequences, Unicode 15.0, 3.9.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const auto lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {lead, 1, false};
  std::uint32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {lead, 1, false};
    code = code << 6U | (byte(i) & 0x3FU);
  }
  const bool too_long = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (too_long || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) return {lead, 1, false};
  return {code, length, true};
}

bool acts_on_terminals(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string in_escapes(const Character& character) {
  if (!character.valid) return fmt::format("\\x{:02x}", character.code);
  switch (character.code) {
    case '\n': return "\\n";
    case '\t': return "\\t";
    case '\r': return "\\r";
    default: break;
  }
  return character.code > 0xFF ? fmt::format("\\u{:04x}", character.code) : fmt::format("\\x{:02x}", character.code);
}

}  // namespace

std::string escaped(std::string_view text, bool keep_lines) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto character = first_character(text);
    const bool kept = keep_lines && (character.code == '\n' || character.code == '\t');
    if (character.valid && (kept || !acts_on_terminals(character.code)))
      result += text.substr(0, character.length);
    else
      result += in_escapes(character);
    text.remove_prefix(character.length);
  }
  return result;
}

std::string fitted(std::string_view text, std::size_t width) {
  constexpr std::string_view cut = "...";
  std::string result;
  std::size_t cut_at = 0;  // where the mark would stand
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    if (count == width) {
      result.resize(cut_at);
      return result.append(cut.substr(0, width));
    }
    if (count + cut.size() <= width) cut_at = result.size();
    const auto character = first_character(text);
    result += text.substr(0, character.length);
    text.remove_prefix(character.length);
  }
  return result.append(width - count, ' ');
}

std::string in_units(std::uint64_t bytes) {
  constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes == 0) return "-";
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; amount >= 999.95 && unit + 1 < units.size(); ++unit) amount /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, units[unit]);
}

}  // namespace berth::cli
