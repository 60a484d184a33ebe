/// What ggml's CUDA backend computes itself.
#pragma once

#include "plan/memory/tensor_graph.h"

namespace berth::plan {

/// False for flash attention with sizes of heads that it has no kernel for (ggml_cuda_flash_attn_ext_supported).
bool cuda_supports(const TensorGraph& graph, TensorId tensor);

}  // namespace berth::plan
