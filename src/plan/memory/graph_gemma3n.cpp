#include <vector>

#include "plan/memory/special_graphs.h"

namespace berth::plan {
namespace {

/// Gemma 3n keeps several versions of the state, of which one goes through the layer and corrects the others (AltUp).
class Gemma3n {
 public:
  explicit Gemma3n(ModelGraph& model)
      : m_(model),
        g_(model.graph),
        width_(model.width()),
        tokens_(model.batch.tokens),
        versions_(model.graph.extent(model.weight(0, "altup_correct_coef"), 0)),
        small_(model.graph.extent(model.weight(0, "inp_gate"), 1)) {}

  void build() {
    auto current = g_.unary(m_.embeddings());
    per_layer_ = per_layer_inputs(current);
    current = spread(current);
    for (std::size_t il = 0; il < m_.layers(); ++il) current = layer(current, il);
    current = m_.rows(join(current));
    current = m_.norm(current, m_.global("output_norm"), no_tensor, Norm::rms, std::nullopt);
    auto table = m_.global("output");
    if (table == no_tensor) table = m_.global("token_embd");
    m_.finish(current, g_.unary(g_.unary(g_.unary(g_.mul_mat(table, current)))));
  }

 private:
  TensorId first_layer_weight(const std::string& name) { return m_.weight(name, m_.layout.layer_backend.front()); }

  TensorId per_layer_inputs(TensorId embedded) {
    const auto layers = m_.layers();
    const auto tokens = m_.input("tokens of layers", i32, {tokens_, 1, 1, 1});
    auto rows = g_.get_rows(m_.global_input("per_layer_token_embd"), tokens);
    rows = g_.unary(g_.reshape(rows, {small_, layers, tokens_, 1}));
    g_.expand(rows);
    auto projected = g_.unary(g_.mul_mat(first_layer_weight("per_layer_model_proj.weight"), embedded));
    projected = g_.reshape(projected, {small_, layers, tokens_, 1});
    projected =
        m_.norm(projected, first_layer_weight("per_layer_proj_norm.weight"), no_tensor, Norm::rms, std::nullopt);
    return g_.cont(g_.permute(g_.unary(g_.binary(projected, rows)), {0, 2, 1, 3}));
  }

  TensorId sum_rows(TensorId a) {
    return g_.make(Op::plain, f32, {1, g_.extent(a, 1), g_.extent(a, 2), g_.extent(a, 3)}, {a});
  }
  TensorId magnitude(TensorId a) { return g_.unary(sum_rows(g_.unary(a))); }
  TensorId slice(TensorId a) { return g_.view(a, {g_.extent(a, 0), g_.extent(a, 1), 1, 1}, strides_of_slice(a)); }
  std::array<std::uint64_t, 3> strides_of_slice(TensorId a) {
    const auto line = g_.extent(a, 0) * 4;
    return {line, line * g_.extent(a, 1), line * g_.extent(a, 1)};
  }

  TensorId spread(TensorId a) {
    const auto target = magnitude(a);
    const auto repeated = g_.repeat(a, {width_, tokens_, versions_ - 1, 1});
    const auto added = g_.mul_mat(m_.global("altup_proj"), repeated);
    const auto scaled = g_.binary(added, target);
    return g_.concat(a, g_.binary(scaled, magnitude(added)), 2);
  }

  TensorId join(TensorId a) {
    const auto target = magnitude(slice(a));
    const auto others = g_.view(a, {width_, tokens_, versions_ - 1, 1});
    const auto projected = g_.mul_mat(m_.global("altup_unembd_proj"), others);
    const auto scaled = g_.binary(g_.binary(projected, target), magnitude(projected));
    auto sum = slice(a);
    for (std::uint64_t i = 1; i < std::min<std::uint64_t>(versions_, 64); ++i) sum = g_.binary(sum, slice(scaled));
    return g_.unary(sum);
  }

  TensorId modalities(TensorId a, std::size_t il) {
    const auto routed = g_.unary(m_.norm(a, il, "altup_router_norm"));
    return g_.unary(g_.mul_mat(m_.weight(il, "altup_router"), routed));
  }

  TensorId predict(TensorId a, std::size_t il) {
    auto coefficients = m_.linear(il, "altup_predict_coef", modalities(slice(a), il));
    coefficients = g_.reshape(coefficients, {versions_, versions_, tokens_, 1});
    const auto turned = g_.cont(g_.permute(a, {1, 2, 0, 3}));
    const auto predicted = g_.mul_mat(turned, coefficients);
    return g_.binary(g_.cont(g_.permute(predicted, {0, 2, 1, 3})), a);
  }

  TensorId correct(TensorId predictions, TensorId activated, std::size_t il) {
    const auto routed = modalities(activated, il);
    auto innovation = g_.binary(activated, slice(predictions));
    auto coefficients = g_.transpose(g_.unary(m_.linear(il, "altup_correct_coef", routed)));
    coefficients = g_.cont(coefficients, {1, tokens_, versions_, 1});
    innovation = g_.repeat(innovation, {width_, tokens_, versions_, 1});
    return g_.binary(g_.binary(innovation, coefficients), predictions);
  }

  TensorId attend(TensorId a, std::size_t il) {
    const auto& facts = m_.layer(il);
    Projections qkv;
    if (facts.has_cache) {
      qkv = m_.project(a, il);
      qkv.query = m_.norm(qkv.query, il, "attn_q_norm");
      qkv.key = m_.norm(qkv.key, il, "attn_k_norm");
      qkv.value = g_.unary(qkv.value);
      qkv.query = m_.rope(qkv.query, il);
      qkv.key = m_.rope(qkv.key, il);
    } else {
      qkv.query = m_.heads(m_.linear(il, "attn_q", a), facts.key_length, facts.heads);
      qkv.query = m_.rope(m_.norm(qkv.query, il, "attn_q_norm"), il);
    }
    return m_.attention(qkv, il);
  }

  /// Keeps the largest values only.
  TensorId sparse(TensorId a) {
    const auto mean = g_.make(Op::plain, f32, {1, tokens_, 1, 1}, {a});
    const auto deviation = g_.unary(g_.unary(sum_rows(g_.unary(g_.binary(a, mean)))));
    const auto cut = g_.binary(mean, g_.unary(deviation));
    return g_.unary(g_.binary(a, cut));
  }

  TensorId layer(TensorId input, std::size_t il) {
    constexpr std::size_t sparse_layers = 10;
    const auto predictions = predict(input, il);
    const auto active = slice(predictions);
    auto current = m_.norm(active, il, "attn_norm");
    auto laurel = m_.linear(il, "laurel_r", m_.linear(il, "laurel_l", current));
    laurel = g_.binary(m_.norm(laurel, il, "laurel_post_norm"), current);
    current = m_.norm(attend(current, il), il, "post_attention_norm");
    current = g_.binary(current, active);
    const auto middle = g_.unary(g_.binary(current, laurel));
    current = m_.norm(middle, il, "ffn_norm");
    const auto up = m_.linear(il, "ffn_up", current);
    auto gate = m_.linear(il, "ffn_gate", current);
    if (il < sparse_layers) gate = sparse(gate);
    current = m_.linear(il, "ffn_down", g_.binary(up, g_.unary(gate)));
    current = m_.norm(current, m_.weight(il, "post_ffw_norm"), no_tensor, Norm::rms, std::nullopt);
    const auto activated = g_.binary(current, middle);
    const auto corrected = correct(predictions, activated, il);
    auto first = g_.binary(slice(corrected), m_.weight(il, "altup_correct_scale"));
    first = g_.unary(m_.linear(il, "inp_gate", first));
    first = m_.linear(il, "proj", g_.binary(first, slice(per_layer_)));
    first = m_.norm(first, il, "post_norm");
    const auto others = g_.view(corrected, {width_, tokens_, versions_ - 1, 1});
    return g_.concat(slice(corrected), g_.binary(others, first), 2);
  }

  ModelGraph& m_;
  TensorGraph& g_;
  std::uint64_t width_;
  std::uint64_t tokens_;
  std::uint64_t versions_;
  std::uint64_t small_;
  TensorId per_layer_ = no_tensor;
};

}  // namespace

void build_gemma3n(ModelGraph& model) { Gemma3n(model).build(); }

}  // namespace berth::plan
