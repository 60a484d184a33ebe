#include "tokenizer/punkt_words.h"

#include <unicode/uchar.h>

#include <algorithm>

#include "text/lower_case.h"
#include "text/unicode.h"
#include "tokenizer/characters.h"

namespace berth::tokenizing {
namespace {

bool is_python_space(std::uint32_t code) { return is_kind(code, CharacterKind::space); }

template <class Test>
std::size_t after_all(std::string_view text, std::size_t at, Test test) {
  while (at < text.size()) {
    const auto character = utf8_at(text, at);
    if (!test(character.code)) break;
    at += character.length;
  }
  return at;
}

bool starts_no_punkt_word(char first) {
  return std::string_view("(\"`{[:;&#*@)}]-,").find(first) != std::string_view::npos;
}

/// Where the next of ". . ." starts, or `at` where no period with a space after it is here.
std::size_t after_spaced_period(std::string_view line, std::size_t at) {
  if (at + 1 >= line.size() || line[at] != '.') return at;
  const auto space = utf8_at(line, at + 1);
  return is_white_space(space.code) ? at + 1 + space.length : at;
}

bool is_period(std::string_view line, std::size_t at) { return at < line.size() && line[at] == '.'; }

/// Whether hyphens or periods stand here that make a word of their own: "--", "..", ". . ."
bool is_run(std::string_view line, std::size_t at) {
  const auto rest = line.substr(at);
  if (rest.starts_with("--") || rest.starts_with("..")) return true;
  const auto second = after_spaced_period(line, at);
  const auto third = after_spaced_period(line, second);
  return second != at && third != second && is_period(line, third);
}

/// Where that run ends.
std::size_t after_run(std::string_view line, std::size_t at) {
  if (line[at] == '-' || line.substr(at).starts_with(".."))
    return std::min(line.find_first_not_of(line[at], at), line.size());
  std::size_t end = at;
  for (auto next = after_spaced_period(line, at); next != at; next = after_spaced_period(line, at)) {
    at = next;
    if (is_period(line, at)) end = at + 1;
  }
  return end;
}

bool ends_before_comma(std::string_view line, std::size_t at) {
  if (at == line.size() || is_run(line, at)) return true;
  const auto code = utf8_at(line, at).code;
  return is_white_space(code) || ends_punkt_word(code);
}

bool is_word_end(std::string_view line, std::size_t at) {
  return ends_before_comma(line, at) || (line[at] == ',' && ends_before_comma(line, at + 1));
}

bool is_decimal(std::uint32_t code) { return u_charType(static_cast<UChar32>(code)) == U_DECIMAL_DIGIT_NUMBER; }

/// Digits, with a sign before them and commas, periods and hyphens among them.
bool is_punkt_number(std::string_view word) {
  if (word.starts_with('-')) word.remove_prefix(1);
  if (word.starts_with('.') || word.starts_with(',')) word.remove_prefix(1);
  if (word.empty() || !is_decimal(utf8_at(word, 0).code)) return false;
  const auto is_part = [](std::uint32_t code) { return code == ',' || code == '.' || code == '-' || is_decimal(code); };
  return after_all(word, 0, is_part) == word.size();
}

}  // namespace

Utf8Character utf8_at(std::string_view text, std::size_t at) {
  auto character = first_character(text.substr(at));
  if (character.state != Utf8Character::whole) character.code = 0xFFFD;
  return character;
}

bool ends_punkt_word(std::uint32_t code) {
  if (code < 0x80) return std::string_view(")\";}]*:@'({[?!").find(static_cast<char>(code)) != std::string_view::npos;
  return is_punkt_closer(code);
}

bool is_punkt_closer(std::uint32_t code) {
  if (code < 0x80) return std::string_view("\"')]}").find(static_cast<char>(code)) != std::string_view::npos;
  return code == 0x2018 || code == 0x2019 || code == 0x201C || code == 0x201D || code == 0xAB || code == 0xBB;
}

std::size_t after_python_space(std::string_view text, std::size_t at) { return after_all(text, at, is_python_space); }

std::size_t before_python_space(std::string_view text, std::size_t at) {
  return after_all(text, at, [](std::uint32_t code) { return !is_python_space(code); });
}

std::optional<std::string_view> PunktWords::next() {
  do {
    while (!line_.empty() && is_white_space(utf8_at(line_, 0).code)) line_.remove_prefix(utf8_at(line_, 0).length);
  } while (line_.empty() && take_line());
  return line_.empty() ? std::nullopt : std::optional(take_word());
}

/// Goes on to the next line that is not blank; false where there is none.
bool PunktWords::take_line() {
  while (!at_end_) {
    const auto end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    at_end_ = end == rest_.npos;
    if (!at_end_) rest_.remove_prefix(end + 1);
    if (after_python_space(line_, 0) < line_.size()) return true;
  }
  line_ = {};
  return false;
}

std::string_view PunktWords::take_word() {
  std::size_t length = 0;
  if (is_run(line_, 0)) {
    length = after_run(line_, 0);
  } else {
    length = utf8_at(line_, 0).length;
    if (!starts_no_punkt_word(line_.front()))
      while (!is_word_end(line_, length)) length += utf8_at(line_, length).length;
  }
  const auto word = line_.substr(0, length);
  line_.remove_prefix(length);
  return word;
}

std::string punkt_type(std::string_view word) {
  auto type = lower_case(word);
  return is_punkt_number(type) ? "##number##" : type;
}

bool is_punkt_initial(std::string_view word) {
  if (word.size() < 2 || word.back() != '.') return false;
  const auto letter = utf8_at(word, 0);
  return letter.length + 1 == word.size() && is_word_character(letter.code) && !is_decimal(letter.code);
}

bool is_punkt_ellipsis(std::string_view word) { return word.size() > 1 && word.find_first_not_of('.') == word.npos; }

}  // namespace berth::tokenizing
