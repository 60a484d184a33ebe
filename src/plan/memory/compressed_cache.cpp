#include "plan/memory/compressed_cache.h"

#include <algorithm>

#include "model/layers.h"

namespace berth::plan {
namespace {

constexpr std::int64_t indexed_ratio = 4;
constexpr std::int64_t plain_ratio = 128;  // the engine knows these two

std::int64_t ratio_of(const ModelProfile& profile, std::size_t layer) {
  const Value* ratios = profile.metadata.find(profile.architecture + ".attention.compress_ratios");
  if (ratios == nullptr || !ratios->is_array() || layer >= ratios->as_array().size()) return 0;
  const auto& ratio = ratios->as_array()[layer];
  return ratio.is_int() ? ratio.as_int() : 0;
}

}  // namespace

std::vector<CompressedCache> compressed_caches(const ModelProfile& profile, std::size_t layer,
                                               const ContextSizes& context) {
  if (profile.architecture != "deepseek4" || layer >= profile.layers.size()) return {};
  const auto given = ratio_of(profile, layer);
  if (given != indexed_ratio && given != plain_ratio) return {};
  const auto ratio = static_cast<std::uint64_t>(given);
  constexpr std::uint64_t padding = 256;
  const auto keys = std::max<std::uint64_t>(plus(context.cells, ratio - 1) / ratio, 1);
  const auto cells = (keys + padding - 1) / padding * padding;
  const auto width = profile.layers[layer].key_length;
  if (given == plain_ratio) return {{ratio, cells, width, width, ratio, false}};
  const auto index = model::architecture_count(profile, "attention.indexer.key_length").value_or(0);
  return {{ratio, cells, width, times(width, 2), 2 * ratio, true},
          {ratio, cells, index, times(index, 2), 2 * ratio, true}};
}

}  // namespace berth::plan
