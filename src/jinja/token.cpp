#include "jinja/token.h"

#include <fmt/format.h>

#include <array>
#include <cctype>

#include "text/unicode.h"
#include "text/utf8.h"

namespace berth::jinja {
namespace {

constexpr auto npos = std::string_view::npos;

[[noreturn]] void syntax_error(std::string message, Place place) {
  throw Failure(Failure::Kind::syntax, std::move(message), place);
}

/// Line ends as "\n", and without the last of them.
std::string normalized(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
      continue;
    }
    text += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  Lexer(std::string_view source, const Environment& environment) : source_(source), environment_(environment) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) read_data();
    tokens_.push_back({Token::Kind::end, place_of(source_.size()), ""});
    return std::move(tokens_);
  }

 private:
  using Kind = Token::Kind;

  std::string_view rest() const { return source_.substr(at_); }
  bool starts_with(std::string_view text) const { return rest().starts_with(text); }

  Place place_of(std::size_t position) {
    // Positions mostly grow, so that a template is gone through once.
    if (position < known_) known_ = 0, line_ = column_ = 1;
    while (known_ < position) {
      const bool ends_line = source_[known_] == '\n';
      known_ += first_character(source_.substr(known_)).length;
      line_ += ends_line ? 1 : 0;
      column_ = ends_line ? 1 : column_ + 1;
    }
    return {line_, column_};
  }

  std::size_t skip_space(std::size_t at) const {
    while (at < source_.size()) {
      const auto character = first_character(source_.substr(at));
      if (!is_kind(character.code, CharacterKind::space)) break;
      at += character.length;
    }
    return at;
  }

  /// Where "raw" or "endraw" follows "{%" at `at`, the position behind the name; else npos.
  std::size_t after_tag_name(std::size_t at, std::string_view name, char& sign) const {
    at += 2;
    sign = '\0';
    if (at < source_.size() && (source_[at] == '-' || source_[at] == '+')) sign = source_[at++];
    at = skip_space(at);
    if (!source_.substr(at).starts_with(name)) return npos;
    return skip_space(at + name.size());
  }

  /// Text up to the next tag, and what begins that.
  void read_data() {
    auto tag = at_;
    while (true) {
      tag = source_.find('{', tag);
      if (tag == npos || tag + 1 >= source_.size()) {
        add_data(at_, source_.size());
        at_ = source_.size();
        return;
      }
      const char next = source_[tag + 1];
      if (next == '{' || next == '%' || next == '#') break;
      ++tag;
    }
    const char kind = source_[tag + 1];
    if (kind == '%' && read_raw(tag)) return;
    auto begin = tag + 2;
    char sign = '\0';
    if (begin < source_.size() && (source_[begin] == '-' || source_[begin] == '+')) sign = source_[begin++];
    add_data(at_, stripped_end(at_, tag, sign, kind != '{'));
    line_starting_ = false;
    at_ = begin;
    if (kind == '#') return read_comment(tag);
    tokens_.push_back({kind == '{' ? Kind::variable_begin : Kind::block_begin, place_of(tag), ""});
    read_tag(kind == '{');
  }

  /// Where the text from `from` to `end` ends when the tag after it has its way.
  std::size_t stripped_end(std::size_t from, std::size_t end, char sign, bool is_block) const {
    const auto text = source_.substr(from, end - from);
    if (sign == '-') return from + without_space(text, false, true).size();
    if (sign == '+' || !is_block || !environment_.lstrip_blocks()) return end;
    const auto line = text.rfind('\n');
    const auto start = line == npos ? 0 : line + 1;
    if (start == 0 && !line_starting_) return end;
    return without_space(text.substr(start)).empty() ? from + start : end;
  }

  void add_data(std::size_t begin, std::size_t end) {
    if (end > begin) tokens_.push_back({Kind::data, place_of(begin), std::string(source_.substr(begin, end - begin))});
  }

  /// Goes behind the end of a tag at `at`, whose text is `end`, with or without "-" or "+" before it; false: it is none.
  bool skip_end(std::size_t& at, std::string_view end, bool trims, bool allows_plus = true) {
    const char sign = at < source_.size() ? source_[at] : '\0';
    const bool has_sign = sign == '-' || (sign == '+' && allows_plus);
    if (!source_.substr(at + (has_sign ? 1 : 0)).starts_with(end)) return false;
    at += end.size() + (has_sign ? 1 : 0);
    const auto behind = at;
    if (has_sign && sign == '-')
      at = skip_space(at);
    else if (!has_sign && trims && environment_.trim_blocks() && at < source_.size() && source_[at] == '\n')
      ++at;
    line_starting_ = at > behind && source_[at - 1] == '\n';
    return true;
  }

  void read_comment(std::size_t tag) {
    if (at_ == source_.size()) return;  // jinja2 asks for the end of a comment only where something follows
    for (auto end = source_.find("#}", at_); end != npos; end = source_.find("#}", end + 1)) {
      auto position = end > at_ && (source_[end - 1] == '-' || source_[end - 1] == '+') ? end - 1 : end;
      if (!skip_end(position, "#}", true)) continue;
      at_ = position;
      return;
    }
    syntax_error("Missing end of comment tag", place_of(tag));
  }

  bool read_raw(std::size_t tag) {
    char sign = '\0';
    auto at = after_tag_name(tag, "raw", sign);
    if (at == npos) return false;
    if (source_.substr(at).starts_with("-%}"))
      at = skip_space(at + 3);
    else if (source_.substr(at).starts_with("%}"))
      at += 2;
    else
      return false;
    add_data(at_, stripped_end(at_, tag, sign, true));
    line_starting_ = source_[at - 1] == '\n';
    at_ = at;
    if (at == source_.size()) return true;  // as with comments
    for (auto end = source_.find("{%", at); end != npos; end = source_.find("{%", end + 1)) {
      auto behind = after_tag_name(end, "endraw", sign);
      if (behind == npos) continue;
      const bool was_starting = line_starting_;
      if (!skip_end(behind, "%}", true)) continue;
      const bool is_starting = std::exchange(line_starting_, was_starting);
      add_data(at, stripped_end(at, end, sign, true));
      line_starting_ = is_starting;
      at_ = behind;
      return true;
    }
    syntax_error("Missing end of raw directive", place_of(tag));
  }

  void read_tag(bool is_variable) {
    while (true) {
      if (at_ >= source_.size()) return;  // the parser knows what is missing
      const auto start = at_;
      if (open_.empty()) {
        auto at = at_;
        if (skip_end(at, is_variable ? "}}" : "%}", !is_variable, !is_variable)) {
          tokens_.push_back({is_variable ? Kind::variable_end : Kind::block_end, place_of(start), ""});
          at_ = at;
          return;
        }
      }
      if (const auto end = skip_space(at_); end != at_) {
        at_ = end;
        continue;
      }
      read_token();
    }
  }

  void read_token() {
    const auto start = at_;
    const char c = source_[at_];
    if (c == '"' || c == '\'') return read_string(c);
    if (is_digit(c)) return read_number();
    const auto character = first_character(rest());
    if (c == '_' || is_alphanumeric(character.code)) {
      const bool valid = c == '_' || is_kind(character.code, CharacterKind::alpha);
      while (at_ < source_.size()) {
        const auto next = first_character(rest());
        if (next.code != '_' && !is_alphanumeric(next.code)) break;
        at_ += next.length;
      }
      if (!valid) syntax_error("Invalid character in identifier", place_of(start));
      tokens_.push_back({Kind::name, place_of(start), std::string(source_.substr(start, at_ - start))});
      return;
    }
    read_operator(character);
  }

  void read_operator(const Utf8Character& character) {
    static constexpr std::array<std::string_view, 26> operators = {"//", "**", "==", "!=", "<=", ">=", "+", "-", "/",
                                                                   "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                                   ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};
    for (const auto op : operators) {
      if (!starts_with(op)) continue;
      const auto place = place_of(at_);
      if (op == "{" || op == "(" || op == "[") {
        open_ += op == "{" ? '}' : op == "(" ? ')' : ']';
      } else if (op == "}" || op == ")" || op == "]") {
        if (open_.empty()) syntax_error(fmt::format("unexpected '{}'", op), place);
        if (open_.back() != op[0]) syntax_error(fmt::format("unexpected '{}', expected '{}'", op, open_.back()), place);
        open_.pop_back();
      }
      at_ += op.size();
      tokens_.push_back({Kind::op, place, std::string(op)});
      return;
    }
    syntax_error(fmt::format("unexpected char '{}' at {}", rest().substr(0, character.length), at_), place_of(at_));
  }

  /// The end of digits from `at` on, with "_" between them.
  template <class IsDigit>
  std::size_t digits_end(std::size_t at, IsDigit is_one) const {
    while (at < source_.size() &&
           (is_one(source_[at]) || (source_[at] == '_' && at + 1 < source_.size() && is_one(source_[at + 1]))))
      ++at;
    return at;
  }

  void read_number() {
    const auto start = at_;
    auto end = digits_end(start, is_digit);
    bool is_float = false;
    const auto digit_at = [&](std::size_t at) { return at < source_.size() && is_digit(source_[at]); };
    const bool after_dot = start > 0 && source_[start - 1] == '.';
    if (!after_dot) {
      if (end < source_.size() && source_[end] == '.' && digit_at(end + 1)) {
        end = digits_end(end + 1, is_digit);
        is_float = true;
      }
      if (end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
        auto exponent = end + 1;
        if (exponent < source_.size() && (source_[exponent] == '+' || source_[exponent] == '-')) ++exponent;
        if (digit_at(exponent)) {
          end = digits_end(exponent, is_digit);
          is_float = true;
        }
      }
    }
    if (!is_float) end = integer_end(start);
    std::string text;
    for (const char c : source_.substr(start, end - start))
      if (c != '_') text += c;
    tokens_.push_back({is_float ? Kind::floating : Kind::integer, place_of(start), std::move(text)});
    at_ = end;
  }

  std::size_t integer_end(std::size_t start) const {
    if (source_[start] != '0') return digits_end(start, is_digit);
    const char letter = start + 1 < source_.size() ? static_cast<char>(source_[start + 1] | 0x20) : '\0';
    const auto in_base = [&](auto is_one) {
      const auto end = digits_end(start + 2, is_one);
      return end > start + 2 ? end : start + 1;
    };
    if (letter == 'b') return in_base([](char c) { return c == '0' || c == '1'; });
    if (letter == 'o') return in_base([](char c) { return c >= '0' && c <= '7'; });
    if (letter == 'x') return in_base([](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
    return digits_end(start, [](char c) { return c == '0'; });
  }

  void read_string(char quote) {
    const auto start = at_;
    auto end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size())
      syntax_error(fmt::format("unexpected char '{}' at {}", quote == '\'' ? "\\'" : "\"", start), place_of(start));
    tokens_.push_back({Kind::string, place_of(start), unescaped(source_.substr(start + 1, end - start - 1), start)});
    at_ = end + 1;
  }

  std::string unescaped(std::string_view text, std::size_t start) {
    std::string out;
    while (!text.empty()) {
      if (text[0] != '\\') {
        const auto plain = std::min(text.find('\\'), text.size());
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        continue;
      }
      text.remove_prefix(1);
      unescape_one(out, text, start);
    }
    return out;
  }

  void unescape_one(std::string& out, std::string_view& text, std::size_t start) {
    static constexpr std::string_view letters = "abfnrtv\\'\"";
    static constexpr std::string_view characters = "\a\b\f\n\r\t\v\\'\"";
    const char c = text[0];
    if (const auto known = letters.find(c); known != npos) {
      out += characters[known];
      text.remove_prefix(1);
    } else if (c == '\n') {
      text.remove_prefix(1);
    } else if (c >= '0' && c <= '7') {
      std::uint32_t code = 0;
      std::size_t count = 0;
      for (; count < 3 && count < text.size() && text[count] >= '0' && text[count] <= '7'; ++count)
        code = code * 8 + static_cast<std::uint32_t>(text[count] - '0');
      append_utf8(out, code);
      text.remove_prefix(count);
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const std::size_t count = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      std::uint32_t code = 0;
      for (std::size_t i = 1; i <= count; ++i) {
        if (i >= text.size() || std::isxdigit(static_cast<unsigned char>(text[i])) == 0)
          syntax_error(fmt::format("truncated \\{} escape", c), place_of(start));
        code = code * 16 + static_cast<std::uint32_t>(text[i] <= '9' ? text[i] - '0' : (text[i] | 0x20) - 'a' + 10);
      }
      if (code > 0x10FFFF) syntax_error("illegal Unicode character", place_of(start));
      append_utf8(out, code);
      text.remove_prefix(count + 1);
    } else if (c == 'N') {
      syntax_error("names of characters (\\N{...}) are not known here", place_of(start));
    } else if (static_cast<signed char>(c) < 0) {
      // Python writes the character as an escape first, whose backslash this one then stands before.
      const auto character = first_character(text);
      out += '\\';
      out += character.code > 0xFFFF ? fmt::format("U{:08x}", character.code)
             : character.code > 0xFF ? fmt::format("u{:04x}", character.code)
                                     : fmt::format("x{:02x}", character.code);
      text.remove_prefix(character.length);
    } else {
      out += '\\';
      out += c;
      text.remove_prefix(1);
    }
  }

  std::string_view source_;
  const Environment& environment_;
  std::vector<Token> tokens_;
  std::string open_;  // what closes the brackets that are open
  std::size_t at_ = 0;
  bool line_starting_ = true;
  std::size_t known_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source, const Environment& environment) {
  const auto text = normalized(source);
  return Lexer(text, environment).run();
}

}  // namespace berth::jinja
