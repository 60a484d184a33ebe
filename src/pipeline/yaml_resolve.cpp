#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <regex>

#include "pipeline/yaml.h"

namespace berth::yaml {
namespace {

// The types of YAML 1.1 (yaml.org/type), as PyYAML's resolver has them.
const std::regex& int_pattern() {
  static const std::regex pattern(
      "[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+",
      std::regex::optimize);
  return pattern;
}

const std::regex& float_pattern() {
  static const std::regex pattern(
      "[-+]?[0-9][0-9_]*\\.[0-9_]*(?:[eE][-+][0-9]+)?|\\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|"
      "[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN)",
      std::regex::optimize);
  return pattern;
}

constexpr std::size_t longest_match = 400;  // std::regex needs stack for each character

bool starts_like_a_number(std::string_view text) {
  return !text.empty() && text.size() <= longest_match &&
         std::string_view("-+.0123456789").find(text.front()) != text.npos;
}

/// Most numbers are these, and need no pattern.
bool is_short_decimal(std::string_view text) {
  return !text.empty() && text.size() < 19 && text.front() != '0' &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

template <std::size_t n>
bool is_one_of(std::string_view text, const std::array<std::string_view, n>& words) {
  return std::ranges::find(words, text) != words.end();
}

double to_double(std::string_view digits) {
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
  return number;
}

/// "190:20:30" is in base 60.
double sexagesimal(std::string_view text) {
  double number = 0;
  for (std::size_t start = 0; start <= text.size();) {
    const auto end = std::min(text.find(':', start), text.size());
    number = number * 60 + to_double(text.substr(start, end - start));
    start = end + 1;
  }
  return number;
}

Value integer(std::string_view digits, int base, bool negative) {
  std::uint64_t magnitude = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  const std::uint64_t limit = std::numeric_limits<std::int64_t>::max();
  if (error != std::errc() || magnitude > limit) {
    double number = 0;
    for (const char c : digits) {
      const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
      number = number * base + digit;
    }
    return negative ? -number : number;
  }
  const auto number = static_cast<std::int64_t>(magnitude);
  return negative ? -number : number;
}

Value read_number(std::string text, bool is_integer) {
  std::erase(text, '_');
  std::string_view rest = text;
  const bool negative = rest.front() == '-';
  if (negative || rest.front() == '+') rest.remove_prefix(1);
  if (!is_integer) {
    if (rest.ends_with("inf") || rest.ends_with("Inf") || rest.ends_with("INF"))
      return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    if (rest.starts_with(".n") || rest.starts_with(".N")) return std::numeric_limits<double>::quiet_NaN();
    const double number = rest.find(':') == rest.npos ? to_double(rest) : sexagesimal(rest);
    return negative ? -number : number;
  }
  if (rest.find(':') != rest.npos) {
    const double number = sexagesimal(rest);
    if (number < 9e15) return static_cast<std::int64_t>(negative ? -number : number);
    return negative ? -number : number;
  }
  if (rest == "0") return 0;
  if (rest.starts_with("0b")) return integer(rest.substr(2), 2, negative);
  if (rest.starts_with("0x")) return integer(rest.substr(2), 16, negative);
  if (rest.starts_with("0")) return integer(rest.substr(1), 8, negative);
  return integer(rest, 10, negative);
}

}  // namespace

Value resolve(std::string_view scalar) {
  static constexpr std::array<std::string_view, 5> nulls = {"", "~", "null", "Null", "NULL"};
  static constexpr std::array<std::string_view, 9> trues = {"yes",  "Yes", "YES", "true", "True",
                                                            "TRUE", "on",  "On",  "ON"};
  static constexpr std::array<std::string_view, 9> falses = {"no",    "No",  "NO",  "false", "False",
                                                             "FALSE", "off", "Off", "OFF"};
  if (is_one_of(scalar, nulls)) return nullptr;
  if (is_one_of(scalar, trues)) return true;
  if (is_one_of(scalar, falses)) return false;
  if (is_short_decimal(scalar)) return integer(scalar, 10, false);
  if (starts_like_a_number(scalar)) {
    std::string text(scalar);
    if (std::regex_match(text, int_pattern())) return read_number(std::move(text), true);
    if (std::regex_match(text, float_pattern())) return read_number(std::move(text), false);
  }
  return scalar;
}

bool is_timestamp(std::string_view scalar) {
  static const std::regex pattern(
      "[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \\t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}"
      "(?:\\.[0-9]*)?(?:[ \\t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?",
      std::regex::optimize);
  return starts_like_a_number(scalar) && std::regex_match(scalar.begin(), scalar.end(), pattern);
}

}  // namespace berth::yaml
