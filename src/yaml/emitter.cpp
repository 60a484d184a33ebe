#include "yaml/emitter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "text/utf8.h"

namespace berth::yaml {
namespace {

constexpr std::size_t width = 80;
constexpr std::size_t longest_short_key = 127;  // with its tag

bool is_white(char letter) { return std::string_view("\0 \t\r\n", 5).find(letter) != std::string_view::npos; }

std::uint32_t next_code(std::string_view text, std::size_t& at) {
  const auto character = first_character(text.substr(at));
  if (character.state != Utf8Character::whole)
    throw std::invalid_argument("text that is not UTF-8 cannot be written as YAML");
  at += character.length;
  return character.code;
}

/// Which styles a text may have.
struct Analysis {
  bool plain = true;
  bool single_quoted = true;
};

/// A sign that would mean something else than itself in a plain text.
bool is_indicator(std::string_view text, std::size_t i) {
  const auto before_white = i + 1 >= text.size() || is_white(text[i + 1]);
  if (i == 0)
    return std::string_view("#,[]{}&*!|>'\"%@`").find(text[0]) != std::string_view::npos ||
           (before_white && (text[0] == '?' || text[0] == ':' || text[0] == '-'));
  return (text[i] == ':' && before_white) || (text[i] == '#' && is_white(text[i - 1]));
}

Analysis analyze(std::string_view text) {
  if (text.empty()) return {};
  Analysis may;
  const auto is_space_or_break = [](char letter) { return letter == ' ' || letter == '\n'; };
  may.plain = !text.starts_with("---") && !text.starts_with("...") && !is_space_or_break(text.front()) &&
              !is_space_or_break(text.back());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    const char before = i == 0 ? '\0' : text[i - 1];
    if (letter == '\n') may.plain = false;
    const bool is_printable = letter == '\n' || (letter >= ' ' && letter <= '~');
    if (!is_printable || (letter == ' ' && before == '\n') || (letter == '\n' && before == ' ')) return {false, false};
    may.plain = may.plain && !is_indicator(text, i);
  }
  return may;
}

std::string escape(std::uint32_t code) {
  static constexpr std::array<std::pair<std::uint32_t, char>, 15> names = {{{0, '0'},
                                                                            {7, 'a'},
                                                                            {8, 'b'},
                                                                            {'\t', 't'},
                                                                            {'\n', 'n'},
                                                                            {11, 'v'},
                                                                            {12, 'f'},
                                                                            {'\r', 'r'},
                                                                            {27, 'e'},
                                                                            {'"', '"'},
                                                                            {'\\', '\\'},
                                                                            {0x85, 'N'},
                                                                            {0xA0, '_'},
                                                                            {0x2028, 'L'},
                                                                            {0x2029, 'P'}}};
  const auto* named = std::ranges::find(names, code, &std::pair<std::uint32_t, char>::first);
  if (named != names.end()) return {'\\', named->second};
  return code <= 0xFF     ? fmt::format("\\x{:02X}", code)
         : code <= 0xFFFF ? fmt::format("\\u{:04X}", code)
                          : fmt::format("\\U{:08X}", code);
}

}  // namespace

void Emitter::put(std::string_view ascii) {
  text_ += ascii;
  column_ += ascii.size();
}

void Emitter::put_sign(char sign, bool after_space) {
  if (after_space && !after_space_) put(" ");
  put({&sign, 1});
  after_space_ = false;
  ends_open_ = false;
}

void Emitter::new_line() {
  text_ += '\n';
  column_ = 0;
  after_space_ = at_begin_ = true;
}

void Emitter::to_indent() {
  if (!at_begin_ || column_ > indent_ || (column_ == indent_ && !after_space_)) new_line();
  if (column_ >= indent_) return;
  put(std::string(indent_ - column_, ' '));
  after_space_ = true;
}

void Emitter::begin(char sign) { put_sign(sign, true); }

void Emitter::end_key() {
  put_sign(':', false);
  at_begin_ = false;
}

void Emitter::empty(std::string_view brackets) {
  put_sign(brackets[0], true);
  put_sign(brackets[1], false);
  at_begin_ = false;
}

bool Emitter::is_short_key(std::string_view key, std::size_t tag_length) {
  if (key.empty()) return false;
  std::size_t length = tag_length;
  for (std::size_t at = 0; at < key.size(); ++length) {
    const auto code = next_code(key, at);
    if (code == '\n' || code == 0x85 || code == 0x2028 || code == 0x2029) return false;
  }
  return length <= longest_short_key;
}

void Emitter::scalar(std::string_view text, bool may_be_plain, bool in_one_line, bool is_root) {
  constexpr std::size_t continued = 2;  // columns that the next lines of a text stand deeper
  const Indent indent(*this, continued);
  const auto may = analyze(text);
  if (may.plain && may_be_plain) {
    plain(text, !in_one_line);
    ends_open_ = is_root;
  } else if (may.single_quoted) {
    single_quoted(text, !in_one_line);
  } else {
    double_quoted(text, !in_one_line);
  }
}

void Emitter::plain(std::string_view text, bool may_fold) {
  if (text.empty()) return;
  if (!after_space_) put(" ");
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    put(text.substr(at, end - at));
    const auto next = std::min(text.find_first_not_of(' ', end), text.size());
    if (next == end + 1 && column_ > width && may_fold)
      to_indent();
    else
      put(text.substr(end, next - end));
    after_space_ = at_begin_ = false;
    at = next;
  }
}

void Emitter::single_quoted(std::string_view text, bool may_fold) {
  put_sign('\'', true);
  at_begin_ = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto end_of = [&](std::string_view letters) {
      return std::min(text.find_first_not_of(letters, at), text.size());
    };
    const auto from = at;
    if (text[at] == ' ') {
      at = end_of(" ");
      if (at == from + 1 && column_ > width && may_fold && from != 0 && at != text.size())
        to_indent();
      else
        put(text.substr(from, at - from));
    } else if (text[at] == '\n') {
      at = end_of("\n");
      for (auto lines = at - from + 1; lines > 0; --lines) new_line();
      to_indent();
    } else if (text[at] == '\'') {
      put("''");
      ++at;
    } else {
      at = std::min(text.find_first_of(" \n'", at), text.size());
      put(text.substr(from, at - from));
    }
  }
  put_sign('\'', false);
  at_begin_ = false;
}

void Emitter::double_quoted(std::string_view text, bool may_fold) {
  std::vector<std::uint32_t> codes;
  for (std::size_t at = 0; at < text.size();) codes.push_back(next_code(text, at));
  put_sign('"', true);
  at_begin_ = false;
  std::string held;  // letters that are not written yet: a line may end before them
  const auto put_held = [&] {
    put(held);
    held.clear();
  };
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto code = codes[i];
    const bool is_plain = code >= ' ' && code <= '~' && code != '"' && code != '\\';
    if (!is_plain) {
      put_held();
      put(escape(code));
    }
    // A line ends before a space, or beside what was escaped: behind it, a letter beyond the width counts as within.
    const bool may_end = code == ' ' || held.empty();
    const auto most = is_plain ? width : width + 1;
    if (i > 0 && i + 1 < codes.size() && may_end && column_ + held.size() > most && may_fold) {
      put_held();
      put("\\");
      to_indent();
      after_space_ = at_begin_ = false;
      const auto next = is_plain ? code : codes[i + 1];
      if (next == ' ') put("\\");
    }
    if (is_plain) held += static_cast<char>(code);
  }
  put_held();
  put_sign('"', false);
  at_begin_ = false;
}

std::string Emitter::finish() && {
  indent_ = 0;
  to_indent();
  if (ends_open_) text_ += "...\n";
  return std::move(text_);
}

}  // namespace berth::yaml
