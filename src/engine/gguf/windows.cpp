#include <algorithm>
#include <vector>

#include "engine/gguf/architecture_keys.h"

namespace berth::gguf {

bool set_windows(const encoder::Config& config, const std::string& name, std::int64_t period, Keys& keys) {
  const auto layers = static_cast<std::size_t>(config.count("num_hidden_layers", 1024));
  const auto* kinds = config.find("layer_types");
  if (kinds != nullptr && (!kinds->is_array() || kinds->as_array().size() != layers))
    config.fail("layer_types", "another list", "one kind for each layer");
  const auto has_window = [&](const Value& kind) {
    if (kind != Value("sliding_attention") && kind != Value("full_attention"))
      config.fail("layer_types", kind.to_json(), "\"sliding_attention\" or \"full_attention\"");
    return kind == Value("sliding_attention");
  };
  const auto every = static_cast<std::size_t>(config.integer("sliding_window_pattern", period, 1, 1024));
  std::vector<std::int8_t> windowed(layers);
  for (std::size_t i = 0; i < layers; ++i)
    windowed[i] = kinds != nullptr ? has_window(kinds->as_array()[i]) : (i + 1) % every != 0;
  // llama.cpp ends its process where a file has windows and no layer that looks through one.
  if (std::ranges::find(windowed, 1) == windowed.end()) return false;
  keys.count(name + ".attention.sliding_window", config.count("sliding_window"));
  keys.flags(name + ".attention.sliding_window_pattern", windowed);
  return true;
}

}  // namespace berth::gguf
