/// Names of modules, with dots between their parts.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace berth::plan {

/// What stands behind the last dot.
inline std::string_view last_of(std::string_view name) { return name.substr(name.find_last_of('.') + 1); }

template <std::size_t N>
bool is_among(std::string_view text, const std::array<std::string_view, N>& all) {
  return std::ranges::find(all, text) != all.end();
}

}  // namespace berth::plan
