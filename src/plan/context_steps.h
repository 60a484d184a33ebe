/// The lengths that a context can have.
#pragma once

#include <algorithm>

#include "berth/context_spec.h"

namespace berth::plan {

inline constexpr int cell_step = 256;  ///< the engine's own rounding of what a sequence keeps

/// Contexts between two multiples of it take as many bytes as the longer one.
inline int context_step(const ContextSpec& context) {
  return cell_step * (context.unified ? 1 : std::clamp(context.n_seq, 1, 1 << 16));
}

/// From `least` up to `most` or beyond it.
inline int steps_between(int least, int most, int step) { return (most - least + step - 1) / step; }

}  // namespace berth::plan
