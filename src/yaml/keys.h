/// Keys that are whole numbers. A Value has texts as keys, and Python's `{0: 10GiB}` is not its `{"0": 10GiB}`.
#pragma once

#include <algorithm>
#include <string_view>

namespace berth::yaml {

/// Whether the mapping that is the value of `key` may have numbers as keys, "0" in a Value and 0 in YAML: accelerate names
/// GPUs so, and takes no texts for them.
inline bool may_have_numbers(std::string_view key) { return key == "max_memory"; }

/// As it is written by itself: "0", not "00" or "+1".
inline bool is_number(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; }) &&
         (key.size() == 1 || key.front() != '0');
}

}  // namespace berth::yaml
