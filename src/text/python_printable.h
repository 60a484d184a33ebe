/// What Python shows of Unicode.
#pragma once

#include <string_view>

namespace berth {

/// Whether Python's str.isprintable() says so of `character`, one character in UTF-8: no control, format, surrogate,
/// private or unassigned one, and no separator but the blank.
bool python_printable(std::string_view character);

}  // namespace berth
