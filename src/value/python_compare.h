/// Values compared as Python compares them.
#pragma once

#include <compare>
#include <string_view>

#include "berth/value.h"

namespace berth {

/// a == b: 1, 1.0 and True are equal; lists and dictionaries by their elements.
bool python_equal(const Value& a, const Value& b);

/// The order of two numbers, of which a boolean is one. Throws std::invalid_argument where one is no number.
std::partial_ordering python_order(const Value& a, const Value& b);

/// "NoneType", "bool", "int", "float", "str", "list", "dict" or the name of a class.
std::string_view python_type_name(const Value& value);

}  // namespace berth
