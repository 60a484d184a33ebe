/// int(), float() and the arguments of functions.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "jinja/operators.h"
#include "text/unicode.h"
#include "text/utf8.h"
#include "value/python_text.h"

namespace berth::jinja {
namespace {

std::string quoted(Run& run, const Any& value) {
  TextBuilder out(run);
  write_repr(out, value);
  return out.take_bytes();
}

/// Without what int() and float() take for white space: of ASCII less than str.strip() does.
std::string_view without_number_space(std::string_view text) {
  const auto is_separator = [](char c) { return c >= '\x1c' && c <= '\x1f'; };
  auto stripped = without_space(text);
  const auto begin = static_cast<std::size_t>(stripped.data() - text.data());
  const auto head = text.substr(0, begin);
  const auto tail = text.substr(begin + stripped.size());
  return std::ranges::any_of(head, is_separator) || std::ranges::any_of(tail, is_separator) ? text : stripped;
}

/// Without white space around it, and with the digits of all scripts as ASCII ones.
std::string plain_number(std::string_view text) {
  text = without_number_space(text);
  std::string plain;
  while (!text.empty()) {
    const auto character = first_character(text);
    if (character.code >= 0x80 && is_kind(character.code, CharacterKind::decimal)) {
      // Digits of a script stand in a row of ten, which starts at the digit before which there is none.
      auto zero = character.code;
      while (character.code - zero < 9 && is_kind(zero - 1, CharacterKind::decimal)) --zero;
      plain += static_cast<char>('0' + (character.code - zero) % 10);
    } else {
      plain += text.substr(0, character.length);
    }
    text.remove_prefix(character.length);
  }
  return plain;
}

/// The digits without the underscores between them; nothing where these stand elsewhere.
std::optional<std::string> without_underscores(std::string_view digits) {
  std::string plain;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] != '_') {
      plain += digits[i];
      continue;
    }
    const auto is_digit = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    if (i == 0 || i + 1 == digits.size() || !is_digit(digits[i - 1]) || !is_digit(digits[i + 1])) return std::nullopt;
  }
  return plain;
}

unsigned digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'z' ? static_cast<unsigned>(lower - 'a' + 10) : 99;
}

std::optional<BigInteger> parse_whole(Run& run, std::string_view text, std::int64_t base) {
  const auto plain = plain_number(text);
  std::string_view rest = plain;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const auto prefix_base = [&]() -> std::int64_t {
    if (rest.size() < 2 || rest[0] != '0') return 0;
    const char letter = static_cast<char>(rest[1] | 0x20);
    return letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  }();
  const bool guessed = base == 0;
  if (prefix_base != 0 && (guessed || base == prefix_base)) {
    base = prefix_base;
    rest.remove_prefix(2);
    if (rest.starts_with('_')) rest.remove_prefix(1);
  } else if (guessed) {
    base = 10;
    if (rest.size() > 1 && rest[0] == '0' && rest.find_first_not_of("0_") != rest.npos) return std::nullopt;
  }
  const auto digits = without_underscores(rest);
  if (!digits || digits->empty()) return std::nullopt;
  for (const char c : *digits)
    if (digit_value(c) >= static_cast<unsigned>(base)) return std::nullopt;
  const bool is_power_of_two = (base & (base - 1)) == 0;
  if (digits->size() > (is_power_of_two ? 8 * Limits::big_limbs : 4300))
    value_error(fmt::format("Exceeds the limit (4300 digits) for integer string conversion: value has {} digits",
                            digits->size()));
  run.count_steps(digits->size() * digits->size() / 512);
  auto value = BigInteger::from_digits(*digits, static_cast<unsigned>(base));
  return negative ? -value : value;
}

std::optional<double> parse_float(std::string_view text) {
  const auto plain = without_underscores(plain_number(text));
  if (!plain) return std::nullopt;
  std::string_view rest = *plain;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty() || rest.find_first_of("+-xXpP(") == 0) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (end != rest.data() + rest.size() || rest.find('(') != rest.npos) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Too large or too small: the exponent tells.
    const auto exponent = rest.find_first_of("eE");
    const bool small = (exponent != rest.npos && exponent + 1 < rest.size() && rest[exponent + 1] == '-') ||
                       rest.starts_with("0.") || rest.starts_with(".");
    value = small ? 0.0 : HUGE_VAL;
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

}  // namespace

double float_of(Run& run, const Any& value) {
  if (value.is(Type::floating)) return value.floating();
  if (value.is(Type::big)) {
    const double number = value.big().to_double();
    if (std::isinf(number)) other_error("int too large to convert to float");
    return number;
  }
  if (value.is_whole()) return static_cast<double>(value.integer());
  if (value.is_undefined()) value.undefined().fail();
  if (!value.is_string())
    type_error(fmt::format("float() argument must be a string or a real number, not '{}'", type_name(value)));
  run.count_search(value.string().bytes.size());
  if (const auto number = parse_float(value.string().bytes)) return *number;
  value_error(fmt::format("could not convert string to float: {}", quoted(run, value)));
}

Any int_of(Run& run, const Any& value, std::optional<std::int64_t> base) {
  if (value.is_string()) {
    if (base && *base != 0 && (*base < 2 || *base > 36)) value_error("int() base must be >= 2 and <= 36, or 0");
    run.count_search(value.string().bytes.size());
    if (auto number = parse_whole(run, value.string().bytes, base.value_or(10))) return run.big(std::move(*number));
    value_error(fmt::format("invalid literal for int() with base {}: {}", base.value_or(10), quoted(run, value)));
  }
  if (base) type_error("int() can't convert non-string with explicit base");
  if (value.is(Type::big)) return value;
  if (value.is_whole()) return value.integer();
  if (value.is(Type::floating)) {
    if (std::isnan(value.floating())) value_error("cannot convert float NaN to integer");
    if (std::isinf(value.floating())) other_error("cannot convert float infinity to integer");
    return run.big(BigInteger::truncated(value.floating()));
  }
  if (value.is_undefined()) value.undefined().fail();
  type_error(
      fmt::format("int() argument must be a string, a bytes-like object or a real number, not '{}'", type_name(value)));
}

std::int64_t index_of(const Any& value) {
  if (const auto small = small_integer(value)) return *small;
  if (value.is(Type::big)) other_error("Python int too large to convert to C ssize_t");
  type_error(fmt::format("'{}' object cannot be interpreted as an integer", type_name(value)));
}

const Str& text_argument(const Any& value, std::string_view function) {
  if (!value.is_string()) type_error(fmt::format("{}() argument must be str, not {}", function, type_name(value)));
  return value.string();
}

}  // namespace berth::jinja
