/// Graphs of architectures that share little with plain decoders.
#pragma once

#include "plan/memory/model_graph.h"

namespace berth::plan {

/// Builds the graph of the model, or answers false where its architecture is none of these.
bool build_special(ModelGraph& model);

void build_bert(ModelGraph& model);
void build_t5(ModelGraph& model);  ///< the decoder; or the encoder, where the batch or the model is only that
void build_rwkv6(ModelGraph& model);
void build_rwkv7(ModelGraph& model);
void build_gemma3n(ModelGraph& model);
void build_gemma4(ModelGraph& model);
void build_deepseek4(ModelGraph& model);  ///< hyper-connections, compressed keys
void build_glm5_next(ModelGraph& model);
void build_qwen4exp(ModelGraph& model);
void build_hy_v4(ModelGraph& model);
void build_hrm_text(ModelGraph& model);  ///< cycles of a low and a high stack

}  // namespace berth::plan
