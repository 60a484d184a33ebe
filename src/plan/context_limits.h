/// Sizes of a context that llama.cpp takes.
#pragma once

#include "berth/context_spec.h"

namespace berth::plan {

inline constexpr int most_parallel = 256;          ///< LLAMA_MAX_SEQ
inline constexpr int most_batch_tokens = 1 << 20;  ///< of one batch: far more than helps

/// Throws std::invalid_argument, naming the field, for sizes that the engine does not take.
void check_sizes(const ContextSpec& context);

}  // namespace berth::plan
