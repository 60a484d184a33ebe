/// What ggml-cuda asks to be kept until a group of steps is done that it computes in one.
#pragma once

#include "engine/simulated/ggml_interface.h"

namespace berth::simulated {

/// As ggml_backend_cuda_graph_optimize does it for experts: the choice of them, and their weighted sum.
void keep_for_joined_steps(ggml_backend_t backend, ggml_cgraph* graph, ggml_backend_graph_optimize_params* params);

}  // namespace berth::simulated
