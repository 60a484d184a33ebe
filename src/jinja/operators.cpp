/// Arithmetic, truth and types.
#include "jinja/operators.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "jinja/percent_format.h"

namespace berth::jinja {
namespace {

[[noreturn]] void unsupported(Op op, const Any& a, const Any& b) {
  type_error(fmt::format("unsupported operand type(s) for {}: '{}' and '{}'",
                         op == Op::power ? "** or pow()" : symbol(op), type_name(a), type_name(b)));
}

[[noreturn]] void by_zero(const char* message) { fail(Failure::Kind::zero_division, message); }

/// A whole number as a float; OverflowError where it is too large.
double to_float(const Any& value) {
  if (value.is(Type::floating)) return value.floating();
  if (!value.is(Type::big)) return static_cast<double>(value.integer());
  const double number = value.big().to_double();
  if (std::isinf(number)) other_error("int too large to convert to float");
  return number;
}

double float_remainder(double a, double b) {
  double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) == (b < 0) ? rest : rest + b;
}

/// As CPython's float_floor_div.
double float_quotient(double a, double b) {
  double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

Any float_power(double a, double b) {
  if (a == 0 && b < 0) by_zero("0.0 cannot be raised to a negative power");
  if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b))
    other_error("a negative number is raised to a fraction: complex numbers are not known here");
  const double power = std::pow(a, b);
  if (std::isinf(power) && std::isfinite(a) && std::isfinite(b)) other_error("(34, 'Numerical result out of range')");
  return power;
}

Any float_arithmetic(Op op, double a, double b) {
  switch (op) {
    case Op::add:
      return a + b;
    case Op::subtract:
      return a - b;
    case Op::multiply:
      return a * b;
    case Op::divide:
      if (b == 0) by_zero("float division by zero");
      return a / b;
    case Op::floor_divide:
      if (b == 0) by_zero("float floor division by zero");
      return float_quotient(a, b);
    case Op::modulo:
      if (b == 0) by_zero("float modulo");
      return float_remainder(a, b);
    default:
      return float_power(a, b);
  }
}

void count_product(Run& run, const BigInteger& a, const BigInteger& b) {
  if (a.limb_count() + b.limb_count() > Limits::big_limbs + 1)
    other_error(fmt::format("a whole number is too large (more than {} bits)", 32 * Limits::big_limbs));
  run.count_steps(a.limb_count() * b.limb_count() / 64);
}

Any whole_power(Run& run, const Any& a, const Any& b) {
  const auto exponent = small_integer(b);
  if (exponent && *exponent < 0) {
    if (big_of(a).is_zero()) by_zero("0.0 cannot be raised to a negative power");
    return float_power(to_float(a), to_float(b));
  }
  if (!b.is(Type::big) && !exponent) unsupported(Op::power, a, b);
  if (const auto base = small_integer(a); base && *base >= -1 && *base <= 1) {
    if (exponent && *exponent == 0) return 1;
    const bool odd = exponent ? *exponent % 2 != 0 : !floor_divide(b.big(), BigInteger(2)).second.is_zero();
    return *base < 0 && !odd ? 1 : *base;
  }
  if (!exponent || *exponent > static_cast<std::int64_t>(32 * Limits::big_limbs))
    other_error(fmt::format("a whole number is too large (more than {} bits)", 32 * Limits::big_limbs));
  BigInteger result(1);
  auto square = big_of(a);
  for (auto rest = *exponent; rest != 0; rest >>= 1) {
    if ((rest & 1) != 0) {
      count_product(run, result, square);
      result = result * square;
    }
    if (rest > 1) {
      count_product(run, square, square);
      square = square * square;
    }
  }
  return run.big(std::move(result));
}

/// The quotient of whole numbers, correctly rounded also where they are too large for floats.
double true_quotient(const Any& a, const Any& b) {
  constexpr std::int64_t exact = std::int64_t{1} << 53U;
  const auto small_a = small_integer(a);
  const auto small_b = small_integer(b);
  if (small_a && small_b && *small_a <= exact && *small_a >= -exact && *small_b <= exact && *small_b >= -exact)
    return static_cast<double>(*small_a) / static_cast<double>(*small_b);
  const auto dividend = big_of(a);
  const auto divisor = big_of(b);
  if (dividend.is_zero()) return 0.0;
  // At least 66 bits of quotient, the last of which stands for the remainder; then one rounding.
  const auto shift =
      static_cast<std::int64_t>(divisor.bit_count()) + 66 - static_cast<std::int64_t>(dividend.bit_count());
  const auto power = [](std::int64_t bits) {
    BigInteger result(1);
    const BigInteger word(std::int64_t{1} << 32U);
    for (; bits >= 32; bits -= 32) result = result * word;
    return result * BigInteger(std::int64_t{1} << bits);
  };
  const bool is_negative = dividend.negative() != divisor.negative();
  const auto size_a = dividend.negative() ? -dividend : dividend;
  const auto size_b = divisor.negative() ? -divisor : divisor;
  auto [quotient, rest] =
      shift >= 0 ? floor_divide(size_a * power(shift), size_b) : floor_divide(size_a, size_b * power(-shift));
  if (!rest.is_zero() && floor_divide(quotient, BigInteger(2)).second.is_zero()) quotient = quotient + BigInteger(1);
  const double result = std::ldexp(quotient.to_double(), static_cast<int>(-shift));
  if (std::isinf(result)) other_error("integer division result too large for a float");
  return is_negative ? -result : result;
}

Any big_arithmetic(Run& run, Op op, const Any& a, const Any& b) {
  const auto left = big_of(a);
  const auto right = big_of(b);
  switch (op) {
    case Op::add:
      return run.big(left + right);
    case Op::subtract:
      return run.big(left - right);
    case Op::multiply:
      count_product(run, left, right);
      return run.big(left * right);
    default: {
      run.count_steps((left.limb_count() + 1) * right.limb_count() / 64);
      auto [quotient, rest] = floor_divide(left, right);
      return run.big(op == Op::floor_divide ? std::move(quotient) : std::move(rest));
    }
  }
}

Any whole_arithmetic(Run& run, Op op, const Any& a, const Any& b) {
  if (op == Op::power) return whole_power(run, a, b);
  const auto y = small_integer(b);
  if (y && *y == 0) {
    if (op == Op::divide) by_zero("division by zero");
    if (op == Op::floor_divide) by_zero("integer division or modulo by zero");
    if (op == Op::modulo) by_zero("integer modulo by zero");
  }
  if (op == Op::divide) return true_quotient(a, b);
  const auto x = small_integer(a);
  if (!x || !y) return big_arithmetic(run, op, a, b);
  std::int64_t result = 0;
  switch (op) {
    case Op::add:
      if (!__builtin_add_overflow(*x, *y, &result)) return result;
      break;
    case Op::subtract:
      if (!__builtin_sub_overflow(*x, *y, &result)) return result;
      break;
    case Op::multiply:
      if (!__builtin_mul_overflow(*x, *y, &result)) return result;
      break;
    default: {
      if (*y == -1) break;  // the one quotient that may not fit
      const auto rest = *x % *y;
      const bool below = rest != 0 && (rest < 0) != (*y < 0);
      return op == Op::modulo ? (below ? rest + *y : rest) : *x / *y - (below ? 1 : 0);
    }
  }
  return big_arithmetic(run, op, a, b);
}

Any repeated(Run& run, const Any& sequence, const Any& count) {
  if (count.is(Type::big)) other_error("cannot fit 'int' into an index-sized integer");
  const auto times = static_cast<std::size_t>(std::max<std::int64_t>(count.integer(), 0));
  if (sequence.is_string()) {
    const auto& text = sequence.string();
    run.count_text(text.bytes.size(), times);
    TextBuilder out(run);
    if (text.untrusted.empty()) {
      out.append_repeated(text.bytes, times);
    } else {
      for (std::size_t i = 0; i < times && !text.bytes.empty(); ++i) {
        run.count_steps(1);
        out.append(text);
      }
    }
    return out.finish(text.markup);
  }
  const auto& items = sequence.items().items;
  if (times != 0 && items.size() > Limits::steps / times) run.count_steps(Limits::steps + 1);
  run.count_steps(items.size() * times);
  auto* made = run.list();
  for (std::size_t i = 0; i < times && !items.empty(); ++i)
    made->items.insert(made->items.end(), items.begin(), items.end());
  return sequence.is(Type::list) ? Any::list(made) : Any::tuple(made);
}

Any concatenated(Run& run, const Any& a, const Any& b) {
  if (a.is_string() && b.is_string()) {
    const bool markup = a.string().markup || b.string().markup;
    TextBuilder out(run);
    for (const auto* each : {&a, &b})
      if (markup && !each->string().markup)
        append_escaped(out, each->string());
      else
        out.append(each->string());
    return out.finish(markup);
  }
  auto* made = run.list();
  run.count_steps(a.items().items.size() + b.items().items.size());
  made->items = a.items().items;
  made->items.insert(made->items.end(), b.items().items.begin(), b.items().items.end());
  return a.is(Type::list) ? Any::list(made) : Any::tuple(made);
}

}  // namespace

std::string_view symbol(Op op) {
  static constexpr std::string_view symbols[] = {
      "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "in", "not in"};
  return symbols[static_cast<std::size_t>(op)];
}

std::string_view type_name(const Any& value) {
  switch (value.type()) {
    case Type::undefined:
      return "Undefined";
    case Type::none:
      return "NoneType";
    case Type::boolean:
      return "bool";
    case Type::integer:
    case Type::big:
      return "int";
    case Type::floating:
      return "float";
    case Type::string:
      return value.string().markup ? "Markup" : "str";
    case Type::list:
      return "list";
    case Type::tuple:
      return value.items().group ? "_GroupTuple" : "tuple";
    case Type::dict:
      return "dict";
    case Type::object:
      break;
  }
  return value.object().type_name();
}

bool truth(Run& run, const Any& value) {
  switch (value.type()) {
    case Type::undefined:
      value.undefined().use();
      return false;
    case Type::none:
      return false;
    case Type::boolean:
      return value.boolean();
    case Type::integer:
      return value.integer() != 0;
    case Type::big:
      return true;
    case Type::floating:
      return value.floating() != 0;
    case Type::string:
      return !value.string().bytes.empty();
    case Type::list:
    case Type::tuple:
      return !value.items().items.empty();
    case Type::dict:
      return !value.dict().empty();
    case Type::object:
      break;
  }
  return value.object().truth(run);
}

bool is_callable(const Any& value) {
  return value.is_undefined() || (value.is(Type::object) && value.object().callable());
}

BigInteger big_of(const Any& whole) { return whole.is(Type::big) ? whole.big() : BigInteger(whole.integer()); }

std::optional<std::int64_t> small_integer(const Any& value) {
  if (value.is(Type::integer) || value.is(Type::boolean)) return value.integer();
  return std::nullopt;
}

Any arithmetic(Run& run, Op op, const Any& a, const Any& b) {
  if (a.is_whole() && b.is_whole()) return whole_arithmetic(run, op, a, b);
  if (a.is_number() && b.is_number()) return float_arithmetic(op, to_float(a), to_float(b));
  if (op == Op::modulo && a.is_string()) return percent_format(run, a, b);
  if (a.is_undefined()) a.undefined().fail();
  if (b.is_undefined()) b.undefined().fail();
  if (op == Op::add) {
    if (a.type() == b.type() && (a.is_string() || a.is_sequence())) return concatenated(run, a, b);
    if (a.is_string()) type_error(fmt::format("can only concatenate str (not \"{}\") to str", type_name(b)));
    if (a.is_sequence())
      type_error(fmt::format("can only concatenate {} (not \"{}\") to {}", type_name(a), type_name(b), type_name(a)));
  }
  if (op == Op::multiply) {
    const bool is_sequence_a = a.is_string() || a.is_sequence();
    const bool is_sequence_b = b.is_string() || b.is_sequence();
    if (is_sequence_a && b.is_whole()) return repeated(run, a, b);
    if (is_sequence_b && a.is_whole()) return repeated(run, b, a);
    if (is_sequence_a || is_sequence_b)
      type_error(fmt::format("can't multiply sequence by non-int of type '{}'", type_name(is_sequence_a ? b : a)));
  }
  if (op == Op::subtract || op == Op::add)
    if (a.is(Type::object) && b.is(Type::object)) unsupported(op, a, b);
  unsupported(op, a, b);
}

Any negative(Run& run, const Any& value) {
  if (value.is(Type::floating)) return -value.floating();
  if (value.is_whole()) return run.big(-big_of(value));
  if (value.is_undefined()) value.undefined().fail();
  type_error(fmt::format("bad operand type for unary -: '{}'", type_name(value)));
}

Any positive(Run&, const Any& value) {
  if (value.is(Type::boolean)) return value.integer();
  if (value.is_number()) return value;
  if (value.is_undefined()) value.undefined().fail();
  type_error(fmt::format("bad operand type for unary +: '{}'", type_name(value)));
}

Any absolute(Run& run, const Any& value) {
  if (value.is(Type::floating)) return std::abs(value.floating());
  if (value.is_whole()) {
    auto whole = big_of(value);
    return run.big(whole.negative() ? -whole : whole);
  }
  if (value.is_undefined()) type_error("bad operand type for abs(): 'Undefined'");
  type_error(fmt::format("bad operand type for abs(): '{}'", type_name(value)));
}

}  // namespace berth::jinja
