/// The layer that a tensor of a GGUF model belongs to.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>

namespace berth::plan {

/// "blk.12.ffn_up.weight" is of layer 12.
inline std::optional<std::size_t> layer_of(std::string_view tensor) {
  constexpr std::string_view prefix = "blk.";
  if (!tensor.starts_with(prefix)) return std::nullopt;
  std::size_t layer = 0;
  const auto [end, error] = std::from_chars(tensor.data() + prefix.size(), tensor.data() + tensor.size(), layer);
  if (error != std::errc() || end == tensor.data() + tensor.size() || *end != '.') return std::nullopt;
  return layer;
}

}  // namespace berth::plan
