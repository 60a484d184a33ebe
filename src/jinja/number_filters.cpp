/// Filters of numbers.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "jinja/format_spec.h"
#include "jinja/function.h"
#include "jinja/operators.h"

namespace berth::jinja {
namespace {

Any abs(Run& run, Bound& bound) { return absolute(run, bound.self); }

bool is_wrong_value(const Failure& failure) {
  return failure.kind == Failure::Kind::type || failure.kind == Failure::Kind::value;
}

Any to_int(Run& run, Bound& bound) {
  try {
    if (!bound.self.is_string()) return int_of(run, bound.self, std::nullopt);
    return int_of(run, bound.self, bound.has(1) ? index_of(bound[1]) : 10);
  } catch (const Failure& failure) {
    if (!is_wrong_value(failure)) throw;
  }
  try {
    const double number = float_of(run, bound.self);
    if (!std::isinf(number)) return int_of(run, number, std::nullopt);
  } catch (const Failure& failure) {
    if (!is_wrong_value(failure)) throw;
  }
  return bound.has(0) ? bound[0] : Any(0);
}

Any to_float(Run& run, Bound& bound) {
  try {
    return float_of(run, bound.self);
  } catch (const Failure& failure) {
    if (!is_wrong_value(failure)) throw;
  }
  return bound.has(0) ? bound[0] : Any(0.0);
}

BigInteger power_of_ten(std::int64_t exponent) {
  BigInteger power(1);
  const BigInteger ten(10);
  for (; exponent > 0; --exponent) power = power * ten;
  return power;
}

/// To the nearest multiple of 10 ** -digits, of two that are as near to the even one.
Any round_whole(Run& run, const Any& value, std::int64_t digits) {
  auto number = big_of(value);
  if (digits >= 0) return run.big(std::move(number));
  if (-digits > static_cast<std::int64_t>(10 * Limits::big_limbs)) return 0;
  run.count_steps(static_cast<std::size_t>(-digits));
  const auto unit = power_of_ten(-digits);
  auto [quotient, rest] = floor_divide(number, unit);
  const auto twice = rest + rest;
  const bool odd = !floor_divide(quotient, BigInteger(2)).second.is_zero();
  if (twice > unit || (twice == unit && odd)) quotient = quotient + BigInteger(1);
  return run.big(quotient * unit);
}

/// As CPython: by the exact decimal form of the number, correctly rounded.
double round_float(double number, std::int64_t digits) {
  if (!std::isfinite(number) || number == 0 || digits > 323) return number;
  if (digits < -308) return std::copysign(0.0, number);
  if (digits >= 0) {
    const auto text = fmt::format("{:.{}f}", number, digits);
    double rounded = 0;
    std::from_chars(text.data(), text.data() + text.size(), rounded);
    return rounded;
  }
  // Half of a unit is exact here only if all of the digits are: compare with the whole number.
  const auto whole = BigInteger::truncated(std::fabs(number));
  const bool has_fraction = std::fabs(number) != std::floor(std::fabs(number));
  const auto unit = power_of_ten(-digits);
  auto [quotient, rest] = floor_divide(whole, unit);
  const auto twice = rest + rest;
  const bool odd = !floor_divide(quotient, BigInteger(2)).second.is_zero();
  if (twice > unit || (twice == unit && (odd || has_fraction))) quotient = quotient + BigInteger(1);
  return std::copysign((quotient * unit).to_double(), number);
}

Any round(Run& run, Bound& bound) {
  const auto method = bound.has(1) ? bound[1] : run.view("common");
  if (method.is(Type::list) || method.is(Type::dict)) (void)hash_of(run, method);
  const auto is_method = [&](std::string_view name) { return method.is_string() && method.string().bytes == name; };
  if (!is_method("common") && !is_method("ceil") && !is_method("floor"))
    other_error("method must be common, ceil or floor");
  const Any precision = bound.has(0) ? bound[0] : Any(0);
  const auto& value = bound.self;
  if (is_method("common")) {
    if (!value.is_number()) type_error(fmt::format("type {} doesn't define __round__ method", type_name(value)));
    if (precision.is_none()) {
      if (value.is_whole()) return run.big(big_of(value));
      return int_of(run, round_float(value.floating(), 0), std::nullopt);
    }
    const auto digits = index_of(precision);
    if (value.is_whole()) return round_whole(run, value, digits);
    const auto rounded = round_float(value.floating(), digits);
    if (std::isinf(rounded) && !std::isinf(value.floating())) other_error("rounded value too large to represent");
    return rounded;
  }
  const auto scale = arithmetic(run, Op::power, 10, precision);
  const auto scaled = arithmetic(run, Op::multiply, value, scale);
  if (!scaled.is_number()) type_error(fmt::format("must be real number, not {}", type_name(scaled)));
  Any whole = scaled;
  if (scaled.is(Type::floating))
    whole = int_of(run, is_method("ceil") ? std::ceil(scaled.floating()) : std::floor(scaled.floating()), std::nullopt);
  return arithmetic(run, Op::divide, whole, scale);
}

Any file_size(Run& run, Bound& bound) {
  const double bytes = float_of(run, bound.self);
  const bool binary = bound.flag(run, 0);
  const double base = binary ? 1024 : 1000;
  if (bytes == 1) return run.text("1 Byte");
  if (bytes < base) {
    TextBuilder out(run);
    write_str(out, int_of(run, bytes, std::nullopt));
    out.append(" Bytes");
    return out.finish();
  }
  static constexpr std::array prefixes = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
  double unit = base;
  std::size_t prefix = 0;
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    unit *= base;
    prefix = i;
    if (bytes < unit) break;
  }
  const std::string_view name = binary && prefix == 0 ? "K" : prefixes[prefix];
  return run.text(
      fmt::format("{} {}{}B", float_text(run, base * bytes / unit, 'f', 1, false), name, binary ? "i" : ""));
}

constexpr std::array functions = {
    Function("abs", "", abs),
    Function("filesizeformat", "binary=", file_size),
    Function("float", "default=", to_float),
    Function("int", "default= base=", to_int),
    Function("round", "precision= method=", round),
};

}  // namespace

const std::span<const Function> number_filters = functions;

}  // namespace berth::jinja
