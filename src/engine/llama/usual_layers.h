/// Layers as most language models have them, to measure what a token takes besides reading weights.
#pragma once

#include <ggml.h>

#include <cstddef>

namespace berth::llama {

struct UsualLayers {
  ggml_cgraph* graph = nullptr;
  double weight_bytes = 0;
  int operations = 0;  ///< that compute: views are none
};

/// For one token: grouped attention over a short cache and a gated feed-forward part, small, in F16. The matrices are made in
/// `weights`, all else in `states`; neither is allocated.
UsualLayers usual_layers(ggml_context* weights, ggml_context* states, int count);

/// Bytes of the matrices of one layer.
double usual_layer_bytes();

/// What both contexts have to hold for so many layers.
std::size_t usual_layers_overhead(int count);

}  // namespace berth::llama
