#include "yaml/number.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "text/nearest.h"
#include "text/printable.h"

namespace berth::yaml {
namespace {

constexpr std::string_view decimal = "0123456789";

/// Goes through a scalar from its start.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  bool take_one_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == characters.npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// All of `characters` from here on; false where there is none.
  bool take_all_of(std::string_view characters) {
    const auto end = std::min(rest_.find_first_not_of(characters), rest_.size());
    rest_.remove_prefix(end);
    return end > 0;
  }
  bool is_at(std::string_view text) const { return rest_.starts_with(text); }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// ":30" and any more of those, the rest of a number in base 60; false where a colon is followed by something else.
bool take_sixtieths(Scanner& scan) {
  while (scan.take(":")) {
    const bool may_be_tens = scan.take_one_of("012345");
    if (!may_be_tens && !scan.take_one_of("6789")) return false;
    if (may_be_tens) scan.take_one_of(decimal);
  }
  return true;
}

/// A natural number without limit.
class Natural {
 public:
  void multiply_add(std::uint32_t factor, std::uint32_t summand) {
    std::uint64_t carry = summand;
    for (auto& limb : limbs_) {
      carry += std::uint64_t{limb} * factor;
      limb = static_cast<std::uint32_t>(carry % base);
      carry /= base;
    }
    if (carry > 0) limbs_.push_back(static_cast<std::uint32_t>(carry % base));
    if (carry >= base) limbs_.push_back(static_cast<std::uint32_t>(carry / base));
  }
  std::string digits() const {
    std::string text;
    for (auto limb = limbs_.rbegin(); limb != limbs_.rend(); ++limb)
      text += text.empty() ? fmt::format("{}", *limb) : fmt::format("{:09}", *limb);
    return text.empty() ? "0" : text;
  }

 private:
  static constexpr std::uint32_t base = 1'000'000'000;
  std::vector<std::uint32_t> limbs_;  // the least first
};

[[noreturn]] void fail(std::string_view text, std::string_view kind) {
  throw std::invalid_argument(fmt::format("{} is no {}", in_quotes(text), kind));
}

std::optional<std::uint32_t> to_uint32(std::string_view digits, int base = 10) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

/// The decimal digits of a number in a base that is a power of two; none where it is no number. As with Python's int(),
/// the prefix of the base may stand before it.
std::optional<std::string> in_decimal(std::string_view digits, int base) {
  const char letter = base == 2 ? 'b' : base == 8 ? 'o' : 'x';
  if (digits.size() > 2 && digits[0] == '0' && lower(digits.substr(1, 1))[0] == letter) digits.remove_prefix(2);
  constexpr std::size_t beyond_doubles = 1100;  // also in base 2
  if (digits.empty() || digits.size() > beyond_doubles) return std::nullopt;
  const std::size_t at_a_time = base == 2 ? 31 : base == 8 ? 10 : 7;  // as many as 32 bits hold
  Natural number;
  while (!digits.empty()) {
    const auto part = digits.substr(0, at_a_time);
    const auto value = to_uint32(part, base);
    if (!value) return std::nullopt;
    std::uint32_t factor = 1;
    for (std::size_t i = 0; i < part.size(); ++i) factor *= static_cast<std::uint32_t>(base);
    number.multiply_add(factor, *value);
    digits.remove_prefix(part.size());
  }
  return number.digits();
}

std::vector<std::string_view> sixtieths(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const auto end = std::min(text.find(':', start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

/// Of "190:20:30", which is in base 60.
std::optional<std::string> in_decimal_of_base_60(std::string_view text) {
  constexpr std::size_t beyond_doubles = 1100;
  if (text.size() > beyond_doubles) return std::nullopt;
  Natural number;
  const auto parts = sixtieths(text);
  for (const char c : parts.front()) {
    if (decimal.find(c) == decimal.npos) return std::nullopt;
    number.multiply_add(10, static_cast<std::uint32_t>(c - '0'));
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto part = to_uint32(parts[i]);
    if (!part) return std::nullopt;
    number.multiply_add(60, *part);
  }
  return number.digits();
}

std::optional<double> plain_float(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  // Too small and too large are told by the same error.
  if (error == std::errc::result_out_of_range) return std::strtod(std::string(text).c_str(), nullptr);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace

bool is_integer(std::string_view scalar) {
  Scanner scan(scalar);
  scan.take_one_of("-+");
  if (scan.take("0b")) return scan.take_all_of("01_") && scan.at_end();
  if (scan.take("0x")) return scan.take_all_of("0123456789abcdefABCDEF_") && scan.at_end();
  if (scan.take("0")) {
    scan.take_all_of("01234567_");
    return scan.at_end();
  }
  if (!scan.take_one_of("123456789")) return false;
  scan.take_all_of("0123456789_");
  return take_sixtieths(scan) && scan.at_end();
}

bool is_float(std::string_view scalar) {
  Scanner scan(scalar);
  const bool has_sign = scan.take_one_of("-+");
  const bool has_digits = scan.take_one_of(decimal);
  if (has_digits) scan.take_all_of("0123456789_");
  const bool is_sexagesimal = has_digits && scan.is_at(":");
  if (is_sexagesimal && !take_sixtieths(scan)) return false;
  if (!scan.take(".")) return false;
  if (!has_digits) {
    for (const auto* name : {"inf", "Inf", "INF"})
      if (scan.take(name)) return scan.at_end();
    if (has_sign) return false;
    for (const auto* name : {"nan", "NaN", "NAN"})
      if (scan.take(name)) return scan.at_end();
    if (!scan.take_one_of(decimal)) return false;
  }
  scan.take_all_of("0123456789_");
  if (is_sexagesimal || scan.at_end()) return scan.at_end();
  return scan.take_one_of("eE") && scan.take_one_of("-+") && scan.take_all_of(decimal) && scan.at_end();
}

Value read_integer(std::string_view scalar) {
  std::string text(scalar);
  std::erase(text, '_');
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);

  std::optional<std::string> digits;
  if (rest == "0")
    digits = "0";
  else if (rest.starts_with("0b"))
    digits = in_decimal(rest.substr(2), 2);
  else if (rest.starts_with("0x"))
    digits = in_decimal(rest.substr(2), 16);
  else if (rest.starts_with("0"))
    digits = in_decimal(rest, 8);
  else if (rest.find(':') != rest.npos)
    digits = in_decimal_of_base_60(rest);
  else if (!rest.empty() && rest.find_first_not_of(decimal) == rest.npos)
    digits = std::string(rest);
  if (!digits) fail(scalar, "integer");
  return Value::integer((negative ? "-" : "") + *digits);
}

double read_float(std::string_view scalar) {
  std::string text = lower(scalar);
  std::erase(text, '_');
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);

  std::optional<double> number;
  if (rest == ".inf") {
    number = std::numeric_limits<double>::infinity();
  } else if (rest == ".nan") {
    number = std::numeric_limits<double>::quiet_NaN();
  } else if (rest.find(':') == rest.npos) {
    number = plain_float(rest);
  } else {
    const auto parts = sixtieths(rest);
    number = 0;
    double unit = 1;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part, unit *= 60) {
      const auto value = plain_float(*part);
      if (!value) fail(scalar, "number");
      *number += *value * unit;
    }
  }
  if (!number) fail(scalar, "number");
  return negative ? -*number : *number;
}

}  // namespace berth::yaml
