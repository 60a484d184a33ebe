/// Values as Python writes them, for texts that are to be Haystack's.
#pragma once

#include <string>
#include <string_view>

#include "berth/value.h"

namespace berth {

/// The shortest decimal that reads back as `number`, as Python's repr of a float: "1.0", "1e+16", "nan".
std::string python_float(double number);

/// repr of bytes: "b'a\\x00'".
std::string python_bytes(std::string_view bytes);

/// repr(value): strings in quotes.
std::string python_repr(const Value& value);

/// str(value): "None", "True", "1.5", "['a']"; a string as it is.
std::string python_str(const Value& value);

}  // namespace berth
