/// The lengths that a context can have.
#pragma once

namespace berth::plan {

inline constexpr int context_step = 256;  ///< the engine's own rounding

/// From `least` up to `most` or beyond it.
inline int steps_between(int least, int most) { return (most - least + context_step - 1) / context_step; }

}  // namespace berth::plan
