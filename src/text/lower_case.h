/// Lower case as Python's str.lower() has it: all of Unicode.
#pragma once

#include <string>
#include <string_view>

namespace berth {

/// `text` in lower case. Bytes that are not UTF-8 become U+FFFD.
std::string lower_case(std::string_view text);

}  // namespace berth
