#include "text/python_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "text/pattern_translation.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr std::string_view flag_letters = "aimsux";

class Translation : private PatternTranslation {
 public:
  explicit Translation(std::string_view pattern) : PatternTranslation(pattern) {}

  Pcre2Pattern run() && {
    while (take_flags()) {
    }
    while (at_ < pattern_.size()) {
      if (pattern_[at_] == '\\')
        take_escape();
      else if (in_class_)
        take_in_class();
      else
        take_outside();
    }
    out_.origin.push_back(pattern_.size());
    return std::move(out_);
  }

 private:
  void copy(std::size_t length) { write(pattern_.substr(at_, length), length); }

  /// "(?ui)" at the start of the pattern.
  bool take_flags() {
    const auto rest = pattern_.substr(at_);
    if (!rest.starts_with("(?")) return false;
    const auto end = rest.find_first_not_of(flag_letters, 2);
    if (end == rest.npos || end == 2 || rest[end] != ')') return false;
    const auto flags = rest.substr(2, end - 2);
    out_.ascii = out_.ascii || flags.find('a') != flags.npos;
    unicode_ = unicode_ || flags.find('u') != flags.npos;
    if (out_.ascii && unicode_) fail(at_, "the flags 'a' and 'u' exclude each other");
    std::string kept;
    std::ranges::copy_if(flags, std::back_inserter(kept), [](char flag) { return flag != 'a' && flag != 'u'; });
    write(kept.empty() ? "" : "(?" + kept + ")", end + 1);
    return true;
  }

  void take_escape() {
    if (at_ + 1 == pattern_.size()) fail(at_, "bad escape (end of pattern)");
    switch (const char letter = peek(1)) {
      case 'Z':
        return write("\\z", 2);
      case 'v':
        return write("\\x0b", 2);
      case 'u':
        return take_code(4);
      case 'U':
        return take_code(8);
      default:
        if (is_ascii_letter(letter) && std::string_view("AbBdDsSwWafnrtx").find(letter) == std::string_view::npos)
          fail(at_, fmt::format("bad escape \\{}", letter));
        return copy(2);
    }
  }

  /// \uXXXX with so many digits.
  void take_code(std::size_t digits) {
    const auto code = pattern_.substr(std::min(at_ + 2, pattern_.size()), digits);
    if (code.size() != digits || !std::ranges::all_of(code, is_ascii_hex))
      fail(at_, fmt::format("incomplete escape \\{}", peek(1)));
    write(fmt::format("\\x{{{}}}", code), 2 + digits);
  }

  void take_in_class() {
    if (peek() == ']') in_class_ = false;
    if (peek() == '[') return write("\\[", 1);  // for PCRE2 it could be the start of [:alpha:]
    copy(1);
  }

  void take_outside() {
    const auto rest = pattern_.substr(at_);
    if (rest[0] == '[') {
      in_class_ = true;
      std::size_t length = peek(1) == '^' ? 2 : 1;
      if (peek(length) == ']') ++length;  // first in a class it stands for itself
      return copy(length);
    }
    if (rest.starts_with("(*")) fail(at_ + 1, "nothing to repeat");
    if (rest.starts_with("(?")) check_extension();
    if (rest.starts_with("{,")) {
      const auto end = rest.find_first_not_of("0123456789", 2);
      if (end != rest.npos && rest[end] == '}') return write("{0,", 2);
    }
    copy(1);
  }

  /// Of "(?" there are more kinds in PCRE2: recursion, callouts, names in other ways.
  void check_extension() const {
    const char kind = peek(2);
    const char next = peek(3);
    const bool known = kind == '<'   ? next == '=' || next == '!'
                       : kind == 'P' ? next == '<' || next == '='
                                     : std::string_view(":=!#>(-imsx").find(kind) != std::string_view::npos;
    if (!known || kind == '\0')
      fail(at_ + 1, fmt::format("unknown extension {}", in_quotes(pattern_.substr(at_ + 1, 2))));
  }

  bool in_class_ = false;
  bool unicode_ = false;
};

}  // namespace

Pcre2Pattern from_python_pattern(std::string_view pattern) { return Translation(pattern).run(); }

std::string pattern_error(std::string_view pattern, std::size_t position, std::string_view reason) {
  return fmt::format("The regular expression {} is wrong at position {}: {}", in_quotes(pattern), position, reason);
}

}  // namespace berth
