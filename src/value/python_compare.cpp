#include "value/python_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace berth {
namespace {

bool is_number(const Value& value) { return value.is_number() || value.is_bool(); }

std::int64_t integer(const Value& value) { return value.is_bool() ? std::int64_t{value.as_bool()} : value.as_int(); }

/// Of two integers in decimal digits.
std::strong_ordering order_of_digits(std::string_view a, std::string_view b) {
  const bool negative = a.starts_with('-');
  if (negative != b.starts_with('-')) return negative ? std::strong_ordering::less : std::strong_ordering::greater;
  const auto magnitudes = a.size() != b.size() ? a.size() <=> b.size() : a <=> b;
  return negative ? 0 <=> magnitudes : magnitudes;
}

std::string digits(const Value& value) { return value.is_bool() ? std::to_string(integer(value)) : value.int_text(); }

/// Exact, where a conversion to double would round.
std::partial_ordering order(std::int64_t a, double b) {
  constexpr double beyond = 0x1p63;
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= beyond) return std::partial_ordering::less;
  if (b < -beyond) return std::partial_ordering::greater;
  const double floor = std::floor(b);
  const auto whole = static_cast<std::int64_t>(floor);
  if (a != whole) return a <=> whole;
  return floor < b ? std::partial_ordering::less : std::partial_ordering::equivalent;
}

}  // namespace

std::partial_ordering python_order(const Value& a, const Value& b) {
  if (!is_number(a) || !is_number(b))
    throw std::invalid_argument(fmt::format("Values of type '{}' and '{}' have no order among each other",
                                            python_type_name(a), python_type_name(b)));
  if (a.is_large_int() || b.is_large_int()) {
    if (!a.is_double() && !b.is_double()) return order_of_digits(digits(a), digits(b));
    // The nearest doubles tell, unless they are equal: then the other one is whole, and its digits do.
    const auto nearest = a.as_double() <=> b.as_double();
    if (nearest != 0) return nearest;
    const auto exact = [](const Value& each) {
      return each.is_double() ? fmt::format("{:.0f}", each.as_double()) : each.int_text();
    };
    return order_of_digits(exact(a), exact(b));
  }
  if (a.is_double()) return b.is_double() ? a.as_double() <=> b.as_double() : 0 <=> order(integer(b), a.as_double());
  return b.is_double() ? order(integer(a), b.as_double()) : integer(a) <=> integer(b);
}

bool python_equal(const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) return python_order(a, b) == std::partial_ordering::equivalent;
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.as_array(), b.as_array(), python_equal);
  if (a.is_object() && b.is_object()) {
    if (a.as_object().size() != b.as_object().size()) return false;
    return std::ranges::all_of(a.as_object(), [&](const auto& entry) {
      const Value* other = b.find(entry.first);
      return other != nullptr && python_equal(entry.second, *other);
    });
  }
  return a == b;
}

std::string_view python_type_name(const Value& value) {
  if (value.is_null()) return "NoneType";
  if (value.is_bool()) return "bool";
  if (value.is_int() || value.is_large_int()) return "int";
  if (value.is_double()) return "float";
  if (value.is_string()) return "str";
  if (value.is_array()) return "list";
  if (value.is_object()) return "dict";
  return value.type_name();
}

}  // namespace berth
