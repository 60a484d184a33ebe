/// Results of parts of a batch, put together.
#pragma once

#include "berth/encoder.h"

namespace berth {

/// The sequences of `part` behind those of `all`.
void append(EncodeResult& all, EncodeResult part);

/// The context of the part of a computation that is from `from` to `to` of it; its progress is that of the whole.
/// `context` outlives it.
EncodeContext part_of(const EncodeContext& context, float from, float to);

}  // namespace berth
