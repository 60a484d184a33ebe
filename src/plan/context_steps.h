/// The lengths that a context can have.
#pragma once

namespace berth::plan {

inline constexpr int context_step = 256;  ///< the engine's own rounding

}  // namespace berth::plan
