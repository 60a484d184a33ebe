/// Names in files, which end up in messages and on terminals.
#pragma once

#include <algorithm>
#include <string_view>

namespace berth::model {

inline bool has_control_characters(std::string_view name) {
  return std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace berth::model
