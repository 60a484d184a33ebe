/// What a tensor is in its model, by the names of Hugging Face.
#pragma once

#include "berth/model.h"

namespace berth::model {

/// Sets `layer` and `role`, in the words of GGUF where it has one: "model.layers.3.mlp.up_proj.weight" is "ffn_up" of
/// layer 3, "lm_head.weight" is "output". Where it has none, the role is the name within the layer. Parts that see or hear
/// ("vision_tower.") belong to no layer. With `two_stacks` roles begin with "enc." or "dec.", as those of T5 in GGUF do.
void set_hf_role(TensorInfo& tensor, bool two_stacks);

}  // namespace berth::model
