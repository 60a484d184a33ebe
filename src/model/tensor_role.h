/// What a tensor is in its model, by its name.
#pragma once

#include "berth/model.h"

namespace berth::model {

/// Sets `layer` and `role` by names as GGUF has them: "blk.3.ffn_up.weight" is "ffn_up" of layer 3, "token_embd.weight"
/// is "token_embd", "dec.blk.0.attn_q.weight" is "dec.attn_q" of layer 0.
void set_role(TensorInfo& tensor);

}  // namespace berth::model
