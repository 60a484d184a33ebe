/// The layers of a placement beside those of a model.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "berth/model.h"
#include "berth/placement.h"

namespace berth::plan {

/// Layers that a placement has to name.
inline int layer_count(const ModelProfile& profile) {
  const std::uint64_t count = profile.layers.empty() ? profile.block_count.value_or(0) : profile.layers.size();
  return static_cast<int>(std::min<std::uint64_t>(count, std::numeric_limits<int>::max()));
}

/// Where the runs of a placement cease to be all layers in their order, each once.
struct LayerGap {
  int expected = 0;                 ///< the layer that was to come; behind the last run, how many layers there are
  std::optional<LayerRun> run = {};  ///< that begins elsewhere, or is no run; none behind the last
};

inline std::optional<LayerGap> first_gap(const Placement& placement, int layers) {
  int next = 0;
  for (const auto& run : placement.layers) {
    if (run.first != next || run.count < 1 || run.count > layers - next) return LayerGap{next, run};
    next += run.count;
  }
  return next == layers ? std::nullopt : std::optional(LayerGap{next, std::nullopt});
}

}  // namespace berth::plan
