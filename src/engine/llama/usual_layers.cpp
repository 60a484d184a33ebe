#include "engine/llama/usual_layers.h"

#include <cmath>
#include <cstdint>

namespace berth::llama {
namespace {

constexpr std::int64_t heads = 8;
constexpr std::int64_t cache_heads = 2;
constexpr std::int64_t head_width = 64;
constexpr std::int64_t width = heads * head_width;
constexpr std::int64_t cache_width = cache_heads * head_width;
constexpr std::int64_t inner_width = 3 * width;
constexpr std::int64_t cached = 32;  // tokens
constexpr int most_tensors = 64;     // of one layer

class LayerGraph {
 public:
  LayerGraph(ggml_context* weights, ggml_context* states, int count)
      : weights_(weights),
        states_(states),
        graph_(ggml_new_graph_custom(states, static_cast<std::size_t>(count * most_tensors), false)),
        position_(ggml_new_tensor_1d(states, GGML_TYPE_I32, 1)),
        cell_(ggml_new_tensor_1d(states, GGML_TYPE_I64, 1)) {}

  UsualLayers build(int count) {
    auto* state = ggml_new_tensor_2d(states_, GGML_TYPE_F32, width, 1);
    for (int i = 0; i < count; ++i) {
      state = ggml_add(states_, state, attention(norm(state)));
      state = ggml_add(states_, state, feed_forward(norm(state)));
    }
    ggml_build_forward_expand(graph_, state);
    UsualLayers layers{.graph = graph_, .weight_bytes = count * usual_layer_bytes()};
    for (int i = 0; i < ggml_graph_n_nodes(graph_); ++i)
      if (!is_view(ggml_graph_node(graph_, i)->op)) ++layers.operations;
    return layers;
  }

 private:
  static bool is_view(ggml_op op) {
    return op == GGML_OP_NONE || op == GGML_OP_VIEW || op == GGML_OP_RESHAPE || op == GGML_OP_PERMUTE ||
           op == GGML_OP_TRANSPOSE;
  }

  ggml_tensor* product(ggml_tensor* state, std::int64_t outputs) {
    return ggml_mul_mat(states_, ggml_new_tensor_2d(weights_, GGML_TYPE_F16, state->ne[0], outputs), state);
  }

  ggml_tensor* norm(ggml_tensor* state) {
    constexpr float epsilon = 1e-5F;
    return ggml_mul(states_, ggml_rms_norm(states_, state, epsilon), ggml_new_tensor_1d(states_, GGML_TYPE_F32, width));
  }

  ggml_tensor* rotated(ggml_tensor* state, std::int64_t count) {
    return ggml_rope(states_, ggml_reshape_3d(states_, state, head_width, count, 1), position_, head_width, 0);
  }

  /// The whole cache, with `state` written to one cell of it: [head_width, cached, cache_heads].
  ggml_tensor* cached_with(ggml_tensor* state) {
    auto* cells = ggml_new_tensor_2d(states_, GGML_TYPE_F16, cache_width, cached);
    auto* row = ggml_reshape_2d(states_, state, cache_width, 1);
    ggml_build_forward_expand(graph_, ggml_set_rows(states_, cells, row, cell_));
    return ggml_permute(states_, ggml_reshape_3d(states_, cells, head_width, cache_heads, cached), 0, 2, 1, 3);
  }

  ggml_tensor* attention(ggml_tensor* state) {
    auto* query = rotated(product(state, width), heads);
    auto* keys = cached_with(rotated(product(state, cache_width), cache_heads));
    auto* values = cached_with(product(state, cache_width));
    auto* scores = ggml_mul_mat(states_, keys, ggml_permute(states_, query, 0, 2, 1, 3));
    scores = ggml_soft_max_ext(states_, scores, nullptr, 1 / std::sqrt(static_cast<float>(head_width)), 0);
    auto* mixed = ggml_mul_mat(states_, ggml_cont(states_, ggml_permute(states_, values, 1, 0, 2, 3)), scores);
    return product(ggml_cont_2d(states_, ggml_permute(states_, mixed, 0, 2, 1, 3), width, 1), width);
  }

  ggml_tensor* feed_forward(ggml_tensor* state) {
    return product(ggml_swiglu_split(states_, product(state, inner_width), product(state, inner_width)), width);
  }

  ggml_context* weights_;
  ggml_context* states_;
  ggml_cgraph* graph_;
  ggml_tensor* position_;
  ggml_tensor* cell_;
};

}  // namespace

UsualLayers usual_layers(ggml_context* weights, ggml_context* states, int count) {
  return LayerGraph(weights, states, count).build(count);
}

double usual_layer_bytes() {
  return sizeof(ggml_fp16_t) * static_cast<double>(width * (2 * width + 2 * cache_width + 3 * inner_width));
}

std::size_t usual_layers_overhead(int count) {
  const auto tensors = static_cast<std::size_t>(count * most_tensors);
  return tensors * ggml_tensor_overhead() + ggml_graph_overhead_custom(tensors, false);
}

}  // namespace berth::llama
