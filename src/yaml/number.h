/// Numbers of YAML 1.1 (yaml.org/type) as PyYAML's safe loader reads them.
#pragma once

#include <string_view>

#include "berth/value.h"

namespace berth::yaml {

/// Whether PyYAML takes a plain scalar for an integer: "-1_000", "0x1F", "0b1", "017", "190:20:30".
bool is_integer(std::string_view scalar);
/// Whether it takes it for a float: "1.", "-.5e+3", "1:30.5", ".inf", ".nan".
bool is_float(std::string_view scalar);

/// The value of one, exactly. Throws std::invalid_argument for what is none, and for one beyond the range of a double.
Value read_integer(std::string_view text);
/// The value of one, or of what Python's float() reads, such as "1".
double read_float(std::string_view text);

}  // namespace berth::yaml
