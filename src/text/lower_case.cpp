#include "text/lower_case.h"

#include <algorithm>

#include "text/lower_case_table.h"
#include "text/regex.h"
#include "text/utf8.h"

namespace berth {
namespace {

constexpr std::string_view capital_sigma = "\u03A3";
constexpr std::string_view final_sigma = "\u03C2";

void append(std::string& out, std::uint32_t code) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80U | (code >> shift & 0x3FU)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | code >> 6U);
    out += tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | code >> 12U);
    (out += tail(6)) += tail(0);
  } else {
    out += static_cast<char>(0xF0U | code >> 18U);
    ((out += tail(12)) += tail(6)) += tail(0);
  }
}

std::uint32_t lower_code(std::uint32_t code) {
  const auto range = std::ranges::lower_bound(lower_case_ranges, code, {}, &LowerCaseRange::last);
  if (range == lower_case_ranges.end() || code < range->first || (code - range->first) % range->step != 0) return code;
  return code + static_cast<std::uint32_t>(range->difference);
}

/// A sigma that ends a word has a form of its own (Unicode, SpecialCasing.txt, Final_Sigma).
std::string with_final_sigmas(std::string_view text) {
  static const Regex ends_word(R"((?!\p{CI})\p{Cased}\p{CI}*+\KΣ(?!\p{CI}*+\p{Cased}))", Regex::Dialect::pcre2);
  std::string out;
  std::size_t from = 0;
  ends_word.for_each_match(text, [&](const RegexMatch& match) {
    (out += text.substr(from, match.begin - from)) += final_sigma;
    from = match.end;
  });
  return out += text.substr(from);
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string with_sigmas;
  if (text.find(capital_sigma) != text.npos) text = with_sigmas = with_final_sigmas(valid_utf8(text));

  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (const char byte = text[at]; static_cast<signed char>(byte) >= 0) {
      out += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
      ++at;
      continue;
    }
    const auto character = first_character(text.substr(at));
    if (character.state != Utf8Character::whole)
      out += "\uFFFD";
    else if (character.code == 0x130)
      out += "i\u0307";  // the only one that becomes two
    else
      append(out, lower_code(character.code));
    at += character.length;
  }
  return out;
}

}  // namespace berth
