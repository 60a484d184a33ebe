#include "plan/memory/cache_bytes.h"

#include <algorithm>

#include "model/layers.h"
#include "plan/memory/compressed_cache.h"

namespace berth::plan {
namespace {

std::uint64_t stored(std::uint64_t width, const ElementType& type, std::uint64_t rows, const Backend& backend) {
  auto bytes = times(times(width / type.elements, type.bytes), rows);
  if (bytes != 0 && type.quantized() && width % backend.row_elements != 0)
    bytes = plus(bytes, times((backend.row_elements - width % backend.row_elements) / type.elements, type.bytes));
  return times(plus(bytes, backend.alignment - 1) / backend.alignment, backend.alignment);
}

}  // namespace

std::uint64_t value_width(const ModelProfile& profile, const LayerProfile& layer, const ContextSizes& context) {
  if (!context.transposes_values()) return times(layer.value_length, layer.kv_heads);
  std::uint64_t widest = 0;
  for (const auto& each : profile.layers) widest = std::max(widest, times(each.value_length, each.kv_heads));
  return widest;
}

std::uint64_t hash_state(const ModelProfile& profile, std::size_t layer) {
  if (profile.architecture != "qwen4exp") return 0;
  const Value* listed = profile.metadata.find("qwen4exp.ple.layers");
  if (listed == nullptr || !listed->is_array()) return 0;
  const auto is_this = [&](const Value& each) {
    return each.is_int() && each.as_int() == static_cast<std::int64_t>(layer);
  };
  if (std::ranges::none_of(listed->as_array(), is_this)) return 0;
  const auto number = [&](const char* key) { return model::architecture_count(profile, key).value_or(0); };
  const auto taps = std::max<std::uint64_t>(number("ple.conv_kernel"), 1);
  const auto width = times(profile.embedding_length.value_or(0), number("hyper_connection.count"));
  return times(times(taps - 1, number("ple.ngram_size")), width);
}

std::vector<std::uint64_t> cache_bytes(const ModelProfile& profile, const EngineLayout& layout) {
  const auto& context = layout.context;
  std::vector<std::uint64_t> sums(layout.backends.size(), 0);
  for (std::size_t i = 0; i < profile.layers.size(); ++i) {
    const auto& layer = profile.layers[i];
    if (!layer.loaded) continue;
    const auto home = static_cast<std::size_t>(layout.cache_backend(i));
    const auto& backend = layout.backends[home];
    if (layer.has_cache) {
      const auto rows = times(context.cells_of(layer.window), context.streams);
      sums[home] = plus(sums[home], stored(times(layer.key_length, layer.kv_heads), context.type_k, rows, backend));
      sums[home] = plus(sums[home], stored(layer.indexer_length, context.type_k, rows, backend));
      if (!layer.keys_only) {
        // The engine gives this index values too, which nothing uses.
        if (layer.indexer_length != 0 && profile.architecture == "minimax-m3")
          sums[home] = plus(sums[home], stored(layer.value_length, context.type_v, rows, backend));
        const auto width = value_width(profile, layer, layout.context);
        sums[home] = plus(sums[home], stored(width, context.type_v, rows, backend));
      }
    }
    for (const auto& each : compressed_caches(profile, i, context)) {
      sums[home] =
          plus(sums[home], stored(each.key_width, context.type_k, times(each.cells, context.streams), backend));
      const auto state = stored(each.state_width, f32, times(each.state_rows, context.streams), backend);
      sums[home] = plus(sums[home], times(state, 2));
    }
    if (layer.recurrent) {
      for (const auto state : {layer.convolution_state, layer.recurrent_state, hash_state(profile, i)})
        sums[home] = plus(sums[home], stored(state, f32, context.sequences, backend));
    }
  }
  return sums;
}

}  // namespace berth::plan
