#include <array>

#include "plan/memory/special_graphs.h"

namespace berth::plan {
namespace {

class Gemma4 {
 public:
  explicit Gemma4(ModelGraph& model)
      : m_(model),
        g_(model.graph),
        tokens_(model.batch.tokens),
        small_(model.graph.extent(model.weight(0, "inp_gate"), 1)) {}

  void build() {
    auto current = g_.unary(m_.embeddings());
    if (m_.global_input("per_layer_token_embd") != no_tensor) per_layer_ = per_layer_inputs(current);
    for (std::size_t il = 0; il < m_.layers(); ++il) current = layer(current, il);
    current = m_.norm(current, m_.global("output_norm"), no_tensor, Norm::rms, std::nullopt);
    g_.set_output(current);
    current = m_.rows(current);
    auto table = m_.global("output");
    if (table == no_tensor) table = m_.global("token_embd");
    auto logits = g_.mul_mat(table, current);
    if (m_.is_set("final_logit_softcapping")) logits = g_.unary(g_.unary(g_.unary(logits)));
    m_.finish(current, logits);
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

  TensorId attend(TensorId a, std::size_t il) {
    const auto& facts = m_.layer(il);
    const auto rope = [&](TensorId heads) {  // windowed layers know no factors
      return facts.window == 0 ? m_.rope(heads, il) : g_.rope(heads, m_.positions());
    };
    Projections qkv;
    qkv.query = m_.heads(m_.linear(il, "attn_q", a), facts.key_length, facts.heads);
    qkv.query = rope(m_.norm(qkv.query, il, "attn_q_norm"));
    if (facts.has_cache) {
      const auto key = m_.linear(il, "attn_k", a);
      const auto value = m_.weight(il, "attn_v") == no_tensor ? key : m_.linear(il, "attn_v", a);
      qkv.key = m_.heads(key, facts.key_length, facts.kv_heads);
      qkv.value = m_.heads(value, facts.value_length, facts.kv_heads);
      qkv.key = m_.norm(qkv.key, il, "attn_k_norm");
      qkv.value = g_.unary(qkv.value);
      qkv.key = rope(qkv.key);
    }
    return m_.attention(qkv, il);
  }

  TensorId with_experts(TensorId a, std::size_t il) {
    auto dense = m_.feed_forward(m_.norm(a, il, "ffn_norm"), il, Activation::gelu);
    dense = m_.norm(dense, il, "post_ffw_norm_1");
    auto routed = m_.norm(a, il, "pre_ffw_norm_2");
    auto router = g_.binary(g_.unary(g_.unary(a)), m_.weight(il, "ffn_gate_inp", "scale"));
    ExpertOptions options;
    options.activation = Activation::gelu;
    options.normalised = true;
    options.logits = g_.mul_mat(m_.weight(il, "ffn_gate_inp"), router);
    options.count = m_.profile.experts;
    options.used = m_.layer(il).experts_used;
    routed = m_.norm(m_.experts(routed, il, options), il, "post_ffw_norm_2");
    return g_.binary(dense, routed);
  }

  TensorId layer(TensorId input, std::size_t il) {
    auto current = attend(m_.norm(input, il, "attn_norm"), il);
    current = m_.norm(current, il, "post_attention_norm");
    const auto middle = g_.binary(current, input);
    current = m_.layer(il).experts ? with_experts(middle, il)
                                   : m_.feed_forward(m_.norm(middle, il, "ffn_norm"), il, Activation::gelu);
    current = m_.norm(current, m_.weight(il, "post_ffw_norm"), no_tensor, Norm::rms, std::nullopt);
    current = g_.binary(current, middle);
    if (per_layer_ != no_tensor) {
      auto small = g_.unary(m_.linear(il, "inp_gate", current));
      const auto line = small_ * 4;
      small = g_.binary(small, g_.view(per_layer_, {small_, tokens_, 1, 1}, {line, line * tokens_, line * tokens_}));
      small = m_.norm(m_.linear(il, "proj", small), il, "post_norm");
      current = g_.binary(current, small);
    }
    return g_.binary(current, m_.weight(il, "layer_output_scale"));
  }

  ModelGraph& m_;
  TensorGraph& g_;
  std::uint64_t tokens_;
  std::uint64_t small_;
  TensorId per_layer_ = no_tensor;
};

}  // namespace

void build_gemma4(ModelGraph& model) { Gemma4(model).build(); }

}  // namespace berth::plan
