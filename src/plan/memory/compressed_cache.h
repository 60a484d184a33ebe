/// What deepseek4 keeps of the tokens before beside a window: keys that stand for several tokens, and the tokens of which
/// the next one is made.
#pragma once

#include <cstdint>
#include <vector>

#include "berth/model.h"
#include "plan/memory/engine_layout.h"

namespace berth::plan {

struct CompressedCache {
  std::uint64_t ratio = 1;  ///< tokens that a key stands for
  std::uint64_t cells = 0;  ///< for each stream
  std::uint64_t key_width = 0;
  std::uint64_t state_width = 0;
  std::uint64_t state_rows = 0;  ///< for each stream; of keys, and as many of their scores
  bool overlaps = false;         ///< a key is made of the tokens before as well
};

/// Those of a layer: none, that of its attention, or that and the one of its index.
std::vector<CompressedCache> compressed_caches(const ModelProfile& profile, std::size_t layer,
                                               const ContextSizes& context);

}  // namespace berth::plan
