#include "text/lower_case.h"

#include "text/regex.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace berth {
namespace {

constexpr std::string_view capital_sigma = "\u03A3";
constexpr std::string_view final_sigma = "\u03C2";

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
      append_utf8(out, lower_code(character.code));
    at += character.length;
  }
  return out;
}

}  // namespace berth
