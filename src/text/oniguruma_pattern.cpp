#include "text/oniguruma_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "text/oniguruma_class.h"
#include "text/pattern_translation.h"
#include "text/printable.h"
#include "text/utf8.h"

namespace berth {
namespace {

std::string in_brackets(std::string_view items) { return fmt::format("[{}]", items); }
std::string not_in_brackets(std::string_view items) { return fmt::format("[^{}]", items); }

/// \X. PCRE2 10.42 does not part two pictures that no joiner stands between, as UAX #29 does (GB11).
constexpr std::string_view one_grapheme =
    "(?>\\p{Extended_Pictographic}(?:[\\p{Grapheme_Extend}\\p{Emoji_Modifier}]*\\x{200d}\\p{Extended_Pictographic})*"
    "[\\p{Grapheme_Extend}\\p{Emoji_Modifier}\\p{Mc}\\x{200d}\\x{e33}\\x{eb3}]*|\\X)";

constexpr std::size_t most_nested_classes = 64;
constexpr std::size_t most_pattern_bytes = 65'536;

class OnigurumaTranslation : private PatternTranslation {
 public:
  explicit OnigurumaTranslation(std::string_view pattern) : PatternTranslation(pattern) {}

  Pcre2Pattern run() && {
    while (at_ < pattern_.size()) take();
    out_.origin.push_back(pattern_.size());
    return std::move(out_);
  }

 private:
  /// A set of characters: what stands between brackets, and what are expressions for one character.
  struct Set {
    std::string items;
    std::vector<std::string> parts;
  };

  std::string_view rest() const { return pattern_.substr(std::min(at_, pattern_.size())); }

  /// write(), where `text` is something that a quantifier may follow.
  void write_atom(std::string_view text, std::size_t length) {
    atom_ = out_.text.size();
    write(text, length);
  }

  void take() {
    switch (peek()) {
      case '\\':
        return take_escape();
      case '[': {
        const auto start = at_;
        const auto text = take_class(0);
        const auto end = at_;
        at_ = start;
        return write_atom(text, end - start);
      }
      case '(':
        return take_group();
      case ')':
        if (groups_.empty()) fail(at_, "unmatched close parenthesis");
        atom_ = groups_.back();
        groups_.pop_back();
        return write(")", 1);
      case '{':
        return take_interval();
      case '*':
      case '+':
      case '?':
      case '|':
      case '^':
      case '$':
        return write(rest().substr(0, 1), 1);
      default:
        const auto length = first_character(rest()).length;
        return write_atom(rest().substr(0, length), length);
    }
  }

  void take_group() {
    if (rest().starts_with("(*")) fail(at_, "callouts are not supported");
    groups_.push_back(out_.text.size());
    if (!rest().starts_with("(?")) return write("(", 1);
    const char kind = peek(2);
    if (std::string_view(":=!>").find(kind) != std::string_view::npos && kind != '\0')
      return write(rest().substr(0, 3), 3);
    if (kind == '#') {
      groups_.pop_back();
      const auto end = rest().find(')');
      if (end == std::string_view::npos) fail(at_, "a comment without end");
      return write("", end + 1);
    }
    if (kind == '<' && (peek(3) == '=' || peek(3) == '!')) return write(rest().substr(0, 4), 4);
    if (kind == '<' || kind == '\'') {
      const auto end = rest().find(kind == '<' ? '>' : '\'', 3);
      if (end == std::string_view::npos) fail(at_, "a name of a group without end");
      return write(rest().substr(0, end + 1), end + 1);
    }
    take_options();
  }

  /// "(?im-x)" or "(?im-x:": "m" lets a dot match newlines, as "s" does in PCRE2.
  void take_options() {
    std::string letters = "(?";
    std::size_t length = 2;
    for (;; ++length) {
      const char letter = peek(length);
      if (letter == 'm' || letter == 's')
        letters += 's';
      else if (letter == 'i' || letter == 'x' || letter == '-')
        letters += letter;
      else
        break;
    }
    if (peek(length) == ')') groups_.pop_back();
    if (length == 2 || (peek(length) != ')' && peek(length) != ':'))
      fail(at_, fmt::format("the group {} is not supported", in_quotes(rest().substr(0, length + 1))));
    write(letters + peek(length), length + 1);
  }

  void take_interval() {
    auto length = rest().find_first_not_of("0123456789", 1);
    if (length == std::string_view::npos) return write_atom("\\{", 1);
    const bool has_least = length > 1;
    const bool is_range = peek(length) == ',';
    if (is_range) length = rest().find_first_not_of("0123456789", length + 1);
    const bool is_interval = length != std::string_view::npos && peek(length) == '}' && (has_least || is_range) &&
                             (has_least || length > 2) && atom_ != std::string::npos;
    if (!is_interval) return write_atom("\\{", 1);
    std::string text(rest().substr(0, length + 1));
    if (!has_least) text.insert(1, "0");
    // Possessive in PCRE2, lazy in PCRE2: there a second quantifier of what is repeated.
    const bool repeated = peek(length + 1) == '+' || (!is_range && peek(length + 1) == '?');
    if (repeated) {
      out_.text.insert(atom_, "(?:");
      out_.origin.insert(out_.origin.begin() + static_cast<std::ptrdiff_t>(atom_), 3, at_);
      text += ')';
    }
    write(text, length + 1);
  }

  void take_escape() {
    if (at_ + 1 == pattern_.size()) fail(at_, "an escape at the end of the pattern");
    if (const auto set = take_set_of_escape(false)) {
      const auto end = at_;
      at_ = set_start_;
      return write_atom(*set, end - set_start_);
    }
    switch (const char letter = peek(1)) {
      case 'b':
      case 'B': {
        const auto word = fmt::format("[{}{}]", oniguruma_word, oniguruma_latin_word);
        const auto at_border = fmt::format("(?:(?<={0})(?!{0})|(?<!{0})(?={0}))", word);
        return write(letter == 'b' ? at_border : fmt::format("(?!{})", at_border), 2);
      }
      case 'O':
        return write_atom("(?s:.)", 2);
      case 'N':
        return write_atom("[^\\n]", 2);
      case 'A':
      case 'G':
      case 'K':
      case 'Z':
      case 'z':
        return write(rest().substr(0, 2), 2);
      case 'X':
        return write_atom(one_grapheme, 2);
      case 'R':
        return write_atom(rest().substr(0, 2), 2);
      case 'k': {
        const auto end = rest().find(peek(2) == '\'' ? '\'' : '>', 3);
        if (end == std::string_view::npos) fail(at_, "a reference without end");
        return write_atom(rest().substr(0, end + 1), end + 1);
      }
      case 'g':
      case 'Q':
      case 'y':
      case 'Y':
        fail(at_, fmt::format("\\{} is not supported", letter));
      default:
        if (letter >= '1' && letter <= '9') return write_atom(rest().substr(0, 2), 2);
        const auto start = at_;
        const auto text = take_character_escape();
        const auto end = at_;
        at_ = start;
        return write_atom(text, end - start);
    }
  }

  /// \s, \p{...} and the like as an expression for one character, where one stands here.
  std::optional<std::string> take_set_of_escape(bool is_in_class) {
    set_start_ = at_;
    const char letter = peek(1);
    const auto set = [&](std::string_view items, bool negative) {
      at_ += 2;
      return negative ? not_in_brackets(items) : in_brackets(items);
    };
    switch (letter) {
      case 's':
      case 'S':
        return set(oniguruma_space, letter == 'S');
      case 'w':
      case 'W':
        return set(
            is_in_class ? std::string(oniguruma_word) : fmt::format("{}{}", oniguruma_word, oniguruma_latin_word),
            letter == 'W');
      case 'd':
      case 'D':
        return set("\\p{Nd}", letter == 'D');
      case 'h':
      case 'H':
        return set(oniguruma_hex, letter == 'H');
      case 'p':
      case 'P':
        return take_property();
      default:
        return std::nullopt;
    }
  }

  std::string take_property() {
    bool negative = peek(1) == 'P';
    const auto end = rest().find('}');
    if (peek(2) != '{' || end == std::string_view::npos) fail(at_, "a property without braces");
    auto name = rest().substr(3, end - 3);
    if (name.starts_with('^')) {
      negative = !negative;
      name.remove_prefix(1);
    }
    const auto items = oniguruma_property(name);
    if (!items) fail(at_, fmt::format("the property {} is not known", in_quotes(name)));
    at_ += end + 1;
    return negative ? not_in_brackets(*items) : in_brackets(*items);
  }

  /// One character that is written with a backslash, as PCRE2 writes it.
  std::string take_character_escape() {
    const char letter = peek(1);
    if (letter == 'v') return at_ += 2, "\\x0b";
    if (letter == 'u') return take_code(2, 4, 4);
    if (letter == 'x' && peek(2) == '{') {
      const auto end = rest().find('}');
      if (end == std::string_view::npos || end == 3) fail(at_, "a code without end");
      auto code = take_code(3, 1, end - 3);
      at_ += 1;
      return code;
    }
    if (letter == 'x') return take_code(2, 0, 2);
    if (std::string_view("aefnrt").find(letter) != std::string_view::npos) {
      at_ += 2;
      return fmt::format("\\{}", letter);
    }
    if (letter == '0') {
      std::size_t length = 2;
      while (length < 4 && peek(length) >= '0' && peek(length) <= '7') ++length;
      auto octal = fmt::format("\\o{{{}}}", pattern_.substr(at_ + 1, length - 1));
      at_ += length;
      return octal;
    }
    at_ += 1;
    return take_literal();
  }

  /// A code of `least` to `most` digits, which stands `skip` bytes further on.
  std::string take_code(std::size_t skip, std::size_t least, std::size_t most) {
    std::size_t length = 0;
    while (length < most && is_ascii_hex(peek(skip + length))) ++length;
    if (length < least || length > 8 || (skip == 3 && length != most)) fail(at_, "a code that is no number");
    auto code = fmt::format("\\x{{{}}}", length == 0 ? "0" : pattern_.substr(at_ + skip, length));
    at_ += skip + length;
    return code;
  }

  /// The next character, so that it stands for itself.
  std::string take_literal() {
    const auto length = first_character(rest()).length;
    std::string text(rest().substr(0, length));
    at_ += length;
    const bool is_plain = length > 1 || is_ascii_letter(text[0]) || is_ascii_digit(text[0]) ||
                          static_cast<unsigned char>(text[0]) < 0x20 || text[0] == 0x7F;
    return is_plain ? text : "\\" + text;
  }

  /// A class as an expression for one character.
  std::string take_class(std::size_t depth) {
    if (depth == most_nested_classes) fail(at_, "too many classes within classes");
    const auto start = at_++;
    const bool negative = peek() == '^';
    if (negative) ++at_;
    std::vector<Set> sets(1);
    for (bool first = true;; first = false) {
      if (at_ >= pattern_.size()) fail(start, "a class without end");
      if (peek() == ']' && !first) break;
      if (rest().starts_with("&&")) {
        sets.emplace_back();
        at_ += 2;
      } else {
        take_class_item(sets.back(), depth);
      }
    }
    ++at_;
    return class_text(sets, negative);
  }

  void take_class_item(Set& set, std::size_t depth) {
    if (rest().starts_with("[:")) {
      if (const auto end = rest().find(":]"); end != std::string_view::npos && take_posix(set, end)) return;
    }
    if (peek() == '[') {
      set.parts.push_back(take_class(depth + 1));
      return;
    }
    if (peek() == '\\') {
      if (at_ + 1 == pattern_.size()) fail(at_, "an escape at the end of the pattern");
      if (auto part = take_set_of_escape(true)) return add_set(set, std::move(*part));
    }
    set.items += take_class_character();
    if (peek() != '-' || peek(1) == ']' || peek(1) == '\0' || peek(1) == '[' || rest().starts_with("-&&")) return;
    const auto dash = at_++;
    if (peek() == '\\' && std::string_view("sSwWdDhHpP").find(peek(1)) != std::string_view::npos) {
      at_ = dash + 1;
      set.items += "\\-";
      return;
    }
    set.items += '-' + take_class_character();
  }

  /// "[abc]" joins the items; what is negative stays an expression of its own.
  static void add_set(Set& set, std::string part) {
    if (part[1] == '^')
      set.parts.push_back(std::move(part));
    else
      set.items.append(part, 1, part.size() - 2);
  }

  std::string take_class_character() {
    if (peek() != '\\') return take_literal();
    if (peek(1) == 'b') return at_ += 2, "\\x08";
    return take_character_escape();
  }

  bool take_posix(Set& set, std::size_t end) {
    auto name = rest().substr(2, end - 2);
    const bool negative = name.starts_with('^');
    if (negative) name.remove_prefix(1);
    constexpr std::string_view names =
        " alnum alpha ascii blank cntrl digit graph lower print punct space upper xdigit word ";
    if (names.find(fmt::format(" {} ", name)) == std::string_view::npos) return false;
    auto items = *oniguruma_property(name);
    if (name == "punct") items += "\\p{S}";
    at_ += end + 2;
    add_set(set, negative ? not_in_brackets(items) : in_brackets(items));
    return true;
  }

  static std::string class_text(const std::vector<Set>& sets, bool negative) {
    if (sets.size() == 1 && sets[0].parts.empty())
      return negative ? not_in_brackets(sets[0].items) : in_brackets(sets[0].items);
    std::string text;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      const auto one = set_text(sets[i]);
      text += i + 1 < sets.size() ? fmt::format("(?={})", one) : one;
    }
    return negative ? fmt::format("(?:(?!{})(?s:.))", text) : fmt::format("(?:{})", text);
  }

  static std::string set_text(const Set& set) {
    if (set.parts.empty()) return set.items.empty() ? "(?!)" : in_brackets(set.items);
    std::string text = set.items.empty() ? "" : in_brackets(set.items) + "|";
    for (const auto& part : set.parts) text += part + "|";
    text.pop_back();
    return fmt::format("(?:{})", text);
  }

  std::size_t set_start_ = 0;
  std::size_t atom_ = std::string::npos;  // where what a quantifier would repeat starts in the output
  std::vector<std::size_t> groups_;       // where the groups that are open start in the output
};

}  // namespace

Pcre2Pattern from_oniguruma_pattern(std::string_view pattern) {
  if (pattern.size() > most_pattern_bytes)
    throw std::invalid_argument(
        fmt::format("The regular expression of {} bytes is longer than {}", pattern.size(), most_pattern_bytes));
  return OnigurumaTranslation(pattern).run();
}

}  // namespace berth
