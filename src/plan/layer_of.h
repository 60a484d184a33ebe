/// The layer that a tensor belongs to, by its name.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>

namespace berth::plan {

/// The first number between two dots: "blk.12.ffn_up.weight" and "model.layers.12.mlp.up_proj.weight" are of layer 12.
inline std::optional<std::size_t> layer_of(std::string_view tensor) {
  for (auto dot = tensor.find('.'); dot != tensor.npos; dot = tensor.find('.', dot + 1)) {
    const auto* const begin = tensor.data() + dot + 1;
    const auto* const end = tensor.data() + tensor.size();
    std::size_t layer = 0;
    const auto [behind, error] = std::from_chars(begin, end, layer);
    if (error == std::errc() && behind != end && *behind == '.') return layer;
  }
  return std::nullopt;
}

}  // namespace berth::plan
