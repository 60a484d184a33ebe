/// The names that transformers gives the parts of T5.
#pragma once

#include <string>

#include "berth/model.h"

namespace berth::plan {

/// Whether the parts of `profile` have stack_name()s.
bool has_stack_names(const ModelProfile& profile);

/// What transformers calls a tensor of T5: "decoder.block.3.layer.1.EncDecAttention.q.weight" for
/// "dec.blk.3.cross_attn_q.weight". The tensor's own name where transformers has none. `gated`: feed-forwards have a gate.
std::string stack_name(const TensorInfo& tensor, bool gated);

}  // namespace berth::plan
