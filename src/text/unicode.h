/// Characters and case as Python's str has them: all of Unicode.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth {

/// What a character is; a letter can be several of them.
enum class CharacterKind : std::uint8_t {
  alpha = 1,
  decimal = 2,
  digit = 4,
  numeric = 8,
  lower = 16,
  upper = 32,
  title = 64,
  space = 128
};

bool is_kind(std::uint32_t code, CharacterKind kind);
bool is_alphanumeric(std::uint32_t code);       ///< also what \w matches, but for the underscore
bool starts_identifier(std::uint32_t code);     ///< of a name in Python
bool continues_identifier(std::uint32_t code);  ///< may stand behind its first character
bool is_cased(std::uint32_t code);              ///< of upper, lower or title case

/// The character as UTF-8. What is no character (beyond U+10FFFF, or half of a pair) becomes U+FFFD.
void append_utf8(std::string& out, std::uint32_t code);

/// The lower case of one character, where that is one character too; else the character itself.
std::uint32_t lower_code(std::uint32_t code);

/// How many characters `text` has; each part that is not UTF-8 counts as one.
std::size_t count_characters(std::string_view text);

/// The byte at which the character number `count` starts, or the size of `text` where it has no more.
std::size_t byte_of_character(std::string_view text, std::size_t count);

// str.upper(), .title(), .capitalize(), .swapcase() and .casefold(); str.lower() is lower_case().
std::string upper_case(std::string_view text);
std::string title_case(std::string_view text);
std::string capitalized(std::string_view text);
std::string swapped_case(std::string_view text);
std::string case_folded(std::string_view text);

/// Without white space (of Unicode) at either end.
std::string_view without_space(std::string_view text, bool left = true, bool right = true);

}  // namespace berth
