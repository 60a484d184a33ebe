/// The methods of int and float.
#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>

#include "jinja/function.h"
#include "jinja/operators.h"

namespace berth::jinja {
namespace {

Any bit_length(Run&, Bound& bound) { return big_of(bound.self).bit_count(); }

Any bit_count(Run&, Bound& bound) {
  const auto text = big_of(bound.self).to_string(2);
  return std::count(text.begin(), text.end(), '1');
}

Any conjugate(Run&, Bound& bound) { return bound.self.is(Type::boolean) ? Any(bound.self.integer()) : bound.self; }

Any int_ratio(Run& run, Bound& bound) { return run.tuple(run.big(big_of(bound.self)), Any(1)); }

Any is_integer(Run&, Bound& bound) {
  return std::isfinite(bound.self.floating()) && bound.self.floating() == std::floor(bound.self.floating());
}

Any float_ratio(Run& run, Bound& bound) {
  const double value = bound.self.floating();
  if (std::isinf(value)) other_error("cannot convert Infinity to integer ratio");
  if (std::isnan(value)) value_error("cannot convert NaN to integer ratio");
  int exponent = 0;
  double fraction = std::frexp(value, &exponent);
  while (fraction != std::floor(fraction)) {
    fraction *= 2;
    --exponent;
  }
  BigInteger numerator = BigInteger::truncated(fraction);
  BigInteger denominator(1);
  const BigInteger two(2);
  for (; exponent > 0; --exponent) numerator = numerator * two;
  for (; exponent < 0; ++exponent) denominator = denominator * two;
  return run.tuple(run.big(std::move(numerator)), run.big(std::move(denominator)));
}

Any hex(Run& run, Bound& bound) {
  const double value = bound.self.floating();
  const std::string sign = std::signbit(value) && !std::isnan(value) ? "-" : "";
  if (std::isnan(value)) return run.text("nan");
  if (std::isinf(value)) return run.text(sign + "inf");
  if (value == 0) return run.text(sign + "0x0.0p+0");
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const auto mantissa = bits & 0xFFFFFFFFFFFFFU;
  const auto exponent = static_cast<int>(bits >> 52U & 0x7FFU);
  return run.text(fmt::format("{}0x{}.{:013x}p{:+}", sign, exponent == 0 ? 0 : 1, mantissa,
                              exponent == 0 ? -1022 : exponent - 1023));
}

constexpr std::array of_int = {
    Function("as_integer_ratio", "", int_ratio),
    Function("bit_count", "", bit_count),
    Function("bit_length", "", bit_length),
    Function("conjugate", "", conjugate),
};

constexpr std::array of_float = {
    Function("as_integer_ratio", "", float_ratio),
    Function("conjugate", "", conjugate),
    Function("hex", "", hex),
    Function("is_integer", "", is_integer),
};

}  // namespace

const std::span<const Function> int_methods = of_int;
const std::span<const Function> float_methods = of_float;

}  // namespace berth::jinja
