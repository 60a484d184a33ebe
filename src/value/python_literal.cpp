#include "value/python_literal.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <string>

#include "text/unicode.h"

namespace berth {
namespace {

constexpr int most_levels = 100;

/// Thrown where a text is no literal.
struct NoLiteral {};

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0; }
bool is_decimal(char c) { return c >= '0' && c <= '9'; }

int digit_of(char c) {
  if (is_decimal(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

/// A recursive descent through the grammar of literals (The Python Language Reference, 2.4 and 6.2).
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}

  Value whole() {
    while (at('\t') || at(' ')) ++at_;
    skip_lines();
    auto value = expression(0);
    skip(false);
    skip_lines();
    if (at_ != text_.size()) throw NoLiteral();
    return value;
  }

 private:
  bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool take(char c) {
    if (!at(c)) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) throw NoLiteral();
  }

  /// White space and comments; within brackets ends of lines, too.
  void skip(bool in_brackets) {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\f' || (in_brackets && (c == '\n' || c == '\r')))
        ++at_;
      else if (c == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n')
        at_ += 2;
      else
        return;
    }
  }

  /// Lines with nothing in them. A line that starts with a blank and holds something is an error of indentation.
  void skip_lines() {
    for (bool first = true;; first = false) {
      const auto start = at_;
      skip(false);
      if (!take('\n') && !take('\r')) {
        if (!first && at_ < text_.size()) at_ = start;
        return;
      }
    }
  }

  /// One value, or several with commas, which are a tuple.
  Value expression(int level) {
    auto first = value(level);
    skip(level > 0);
    if (!at(',')) return first;
    Value::Array tuple = {std::move(first)};
    while (take(',')) {
      skip(level > 0);
      if (at_ == text_.size() || at(')') || at('\n') || at('\r')) break;
      tuple.push_back(value(level));
      skip(level > 0);
    }
    return tuple;
  }

  Value value(int level) {
    if (level > most_levels || at_ == text_.size()) throw NoLiteral();
    const char c = text_[at_];
    if (take('[')) return list(level + 1, ']');
    if (take('{')) return braces(level + 1);
    if (take('(')) return brackets(level + 1);
    if (c == '+' || c == '-') return signed_number(level);
    if (is_decimal(c) || c == '.') return number(false);
    if (c == '\'' || c == '"') return strings(level > 0);
    return word(level);
  }

  Value brackets(int level) {
    skip(true);
    if (take(')')) return Value::Array();
    auto inside = expression(level);
    skip(true);
    expect(')');
    return inside;
  }

  Value list(int level, char end, Value::Array items = {}) {
    skip(true);
    while (!take(end)) {
      items.push_back(value(level));
      skip(true);
      if (!take(',') && !at(end)) throw NoLiteral();
      skip(true);
    }
    return items;
  }

  /// A dictionary or a set.
  Value braces(int level) {
    skip(true);
    if (take('}')) return Value::Object();
    auto first = value(level);
    skip(true);
    if (!at(':')) {
      if (!take(',') && !at('}')) throw NoLiteral();
      return list(level, '}', {std::move(first)});
    }
    Value::Object object;
    for (auto key = std::move(first);; key = value(level)) {
      skip(true);
      expect(':');
      skip(true);
      auto entry = value(level);
      if (!key.is_string()) throw NoLiteral();
      object.set(key.as_string(), std::move(entry));
      skip(true);
      const bool goes_on = take(',');
      skip(true);
      if (take('}')) return object;
      if (!goes_on) throw NoLiteral();
    }
  }

  Value signed_number(int level) {
    const bool negative = text_[at_++] == '-';
    skip(level > 0);
    if (at_ == text_.size() || !(is_decimal(text_[at_]) || text_[at_] == '.')) throw NoLiteral();
    return number(negative);
  }

  /// Digits with single underscores between them, from which these are taken out.
  std::string digits(int base) {
    std::string all;
    while (at_ < text_.size()) {
      const bool separator = text_[at_] == '_' && at_ > 0 && digit_of(text_[at_ - 1]) < base;
      if (separator && (at_ + 1 == text_.size() || digit_of(text_[at_ + 1]) >= base)) throw NoLiteral();
      if (!separator && digit_of(text_[at_]) >= base) break;
      if (!separator) all += text_[at_];
      ++at_;
    }
    return all;
  }

  Value number(bool negative) {
    if (at('0') && at_ + 1 < text_.size()) {
      const char kind = static_cast<char>(text_[at_ + 1] | 0x20);
      if (kind == 'x' || kind == 'o' || kind == 'b')
        return based_number(negative, kind == 'x' ? 16 : kind == 'o' ? 8 : 2);
    }
    std::string text = digits(10);
    const auto whole = text;
    if (take('.')) text += "." + digits(10);
    if (text == ".") throw NoLiteral();
    if (at('e') || at('E')) {
      ++at_;
      text += 'e';
      if (at('+') || at('-')) text += text_[at_++];
      const auto exponent = digits(10);
      if (exponent.empty()) throw NoLiteral();
      text += exponent;
    }
    if (at_ < text_.size() && is_letter(text_[at_])) throw NoLiteral();
    return text == whole ? integer(whole, negative) : floating(text, negative);
  }

  static Value integer(const std::string& digits, bool negative) {
    const auto start = digits.find_first_not_of('0');
    if (start == digits.npos) return 0;
    if (start != 0) throw NoLiteral();
    return Value::integer((negative ? "-" : "") + digits);
  }

  static Value floating(std::string_view text, bool negative) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) {
      const auto exponent = text.find("e-");
      value = exponent == text.npos ? std::numeric_limits<double>::infinity() : 0.0;
    }
    return negative ? -value : value;
  }

  Value based_number(bool negative, int base) {
    at_ += 2;
    if (at('_')) ++at_;
    const auto text = digits(base);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc()) throw NoLiteral();
    if (at_ < text_.size() && (is_letter(text_[at_]) || is_decimal(text_[at_]))) throw NoLiteral();
    return negative ? -value : value;
  }

  Value word(int level) {
    const auto start = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_decimal(text_[at_]))) ++at_;
    const auto name = text_.substr(start, at_ - start);
    if (name == "None") return nullptr;
    if (name == "True" || name == "False") return name == "True";
    if (name == "set" && starts("()")) {
      at_ += 2;
      return Value::Array();
    }
    at_ = start;
    return strings(level > 0);
  }

  /// Texts one after the other, which are one.
  Value strings(bool in_brackets) {
    std::string all;
    bool any = false;
    for (;;) {
      const auto start = at_;
      const bool raw = at('r') || at('R');
      if (raw || at('u') || at('U')) ++at_;
      if (!at('\'') && !at('"')) {
        at_ = start;
        if (!any) throw NoLiteral();
        return all;
      }
      all += quoted(raw);
      any = true;
      skip(in_brackets);
    }
  }

  std::string quoted(bool raw) {
    const std::string one(1, text_[at_]);
    const auto end = starts(one + one + one) ? one + one + one : one;
    at_ += end.size();
    std::string text;
    while (!starts(end)) {
      if (at_ == text_.size() || text_[at_] == '\0' || (end.size() == 1 && text_[at_] == '\n')) throw NoLiteral();
      if (at('\\'))
        escape(text, raw);
      else
        text += text_[at_++];
    }
    at_ += end.size();
    return text;
  }

  void escape(std::string& text, bool raw) {
    if (at_ + 1 == text_.size()) throw NoLiteral();
    const char c = text_[at_ + 1];
    at_ += 2;
    if (raw) {
      text += {'\\', c};
      return;
    }
    static constexpr std::string_view letters = "abfnrtv\\'\"";
    static constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\'\"";
    if (const auto found = letters.find(c); found != letters.npos)
      text += meanings[found];
    else if (c == 'x' || c == 'u' || c == 'U')
      append_character(text, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16, true);
    else if (c == 'N')
      throw NoLiteral();
    else if (digit_of(c) < 8) {
      --at_;
      append_character(text, 3, 8, false);
    } else if (c != '\n')
      text += {'\\', c};
  }

  void append_character(std::string& text, int most, int base, bool all) {
    std::uint32_t code = 0;
    int count = 0;
    for (; count < most && at_ < text_.size() && digit_of(text_[at_]) < base; ++count, ++at_)
      code = code * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit_of(text_[at_]));
    if ((all && count < most) || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) throw NoLiteral();
    append_utf8(text, code);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Value> python_literal(std::string_view text) {
  try {
    return LiteralReader(text).whole();
  } catch (const NoLiteral&) {
  } catch (const std::invalid_argument&) {  // an integer beyond a double
  }
  return std::nullopt;
}

}  // namespace berth
