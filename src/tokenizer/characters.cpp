#include "tokenizer/characters.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "text/unicode.h"

namespace berth::tokenizing {
namespace {

UChar32 icu(std::uint32_t code) { return static_cast<UChar32>(code); }

bool in_category(std::uint32_t code, std::uint32_t mask) { return (U_GET_GC_MASK(icu(code)) & mask) != 0; }

bool is_of_version(std::uint32_t code, int most) {
  UVersionInfo age;
  u_charAge(icu(code), age);
  return age[0] <= most;
}

bool is_ascii_punctuation(std::uint32_t code) {
  return (code >= '!' && code <= '/') || (code >= ':' && code <= '@') || (code >= '[' && code <= '`') ||
         (code >= '{' && code <= '~');
}

}  // namespace

bool is_white_space(std::uint32_t code) {
  if (code < 0x80) return code == ' ' || (code >= 9 && code <= 13);
  return u_isUWhiteSpace(icu(code)) != 0;
}

bool is_numeric(std::uint32_t code) {
  if (code < 0x80) return code >= '0' && code <= '9';
  return in_category(code, U_GC_N_MASK);
}

bool is_word_character(std::uint32_t code) {
  if (code < 0x80)
    return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') || code == '_';
  return in_category(code, U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK) || code == 0x200C ||
         code == 0x200D || u_hasBinaryProperty(icu(code), UCHAR_ALPHABETIC) != 0;
}

bool is_punctuation(std::uint32_t code) {
  if (code < 0x80) return is_ascii_punctuation(code);
  if (code == 0x166D || code == 0x111C9) return true;  // until Unicode 12 and 11
  return in_category(code, U_GC_P_MASK) && is_of_version(code, 8);
}

bool is_bert_control(std::uint32_t code) {
  if (code < 0x80) return (code < 0x20 && code != '\t' && code != '\n' && code != '\r') || code == 0x7F;
  return in_category(code, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK) && is_of_version(code, 8);
}

bool is_nonspacing_mark(std::uint32_t code) {
  if (code < 0x300) return false;
  if (code == 0x1734) return true;  // these changed after Unicode 8
  if (code == 0x1885 || code == 0x1886 || code == 0xA9BD || code == 0x111C9) return false;
  return in_category(code, U_GC_MN_MASK) && is_of_version(code, 8);
}

bool is_combining_mark(std::uint32_t code) {
  if (code < 0x300) return false;
  if (code == 0x1CF2 || code == 0x1CF3) return true;  // these changed after Unicode 9
  if (code == 0x111C9) return false;
  return in_category(code, U_GC_M_MASK) && is_of_version(code, 9);
}

bool is_chinese(std::uint32_t code) {
  if (code < 0x3400) return false;
  return (code >= 0x4E00 && code <= 0x9FFF) || code <= 0x4DBF || (code >= 0x20000 && code <= 0x2A6DF) ||
         (code >= 0x2A700 && code <= 0x2B73F) || (code >= 0x2B740 && code <= 0x2B81F) ||
         (code >= 0x2B920 && code <= 0x2CEAF) || (code >= 0xF900 && code <= 0xFAFF) ||
         (code >= 0x2F800 && code <= 0x2FA1F);
}

std::uint32_t lower_character(std::uint32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code | 0x20U : code;
  return static_cast<std::uint32_t>(u_tolower(icu(code)));
}

int script_of(std::uint32_t code) {
  if (code == ' ' || !is_of_version(code, 9)) return 0;
  if (code == 0x0589 || code == 0x061C) return 1 + USCRIPT_COMMON;  // these three changed after Unicode 9
  if (code == 0x0951 || code == 0x0952) return 1 + USCRIPT_DEVANAGARI;
  if (code == 0x30FC) return 1 + USCRIPT_HAN;
  UErrorCode error = U_ZERO_ERROR;
  const auto script = uscript_getScript(icu(code), &error);
  if (U_FAILURE(error) != 0 || script == USCRIPT_UNKNOWN) return 0;
  return 1 + (script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ? USCRIPT_HAN : script);
}

}  // namespace berth::tokenizing
