/// Values in files of JSON or YAML.
#pragma once

#include <string>

#include "berth/value.h"

namespace berth::cli {

/// Whether JSON of an object or array begins here.
bool starts_as_json(std::string_view text);

/// The value in a file, by its ending and its beginning JSON or YAML; "-" is standard input. `what` is to be read, for
/// messages. Throws FormatError with the place in the file, and as read_file_or_input().
Value read_value_file(const std::string& path, const std::string& what);

}  // namespace berth::cli
