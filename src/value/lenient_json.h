/// JSON as programs send it that do not look at its standard.
#pragma once

#include <string_view>

#include "berth/value.h"

namespace berth {

/// As Value::from_json(), but of a name twice in an object the last counts, and NaN, Infinity and -Infinity become null, as
/// Value::to_json() writes them. Python's json reads the same texts.
Value from_lenient_json(std::string_view text);

}  // namespace berth
