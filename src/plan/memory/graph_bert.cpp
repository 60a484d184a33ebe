#include "plan/memory/special_graphs.h"

namespace berth::plan {
namespace {

TensorId bert_feed_forward(ModelGraph& m, TensorId a, std::size_t il) {
  const std::string_view architecture = m.profile.architecture;
  const auto every = m.number("moe_every_n_layers");
  if (every > 0 && il % every == 1) {
    ExpertOptions options;
    options.activation = Activation::gelu;
    options.count = m.profile.experts;
    options.used = m.layer(il).experts_used;
    return m.experts(a, il, options);
  }
  if (architecture == "jina-bert-v2" && m.weight(il, "ffn_gate") == no_tensor &&
      m.graph.extent(m.weight(il, "ffn_up"), 1) != m.layer(il).feed_forward_length)
    return m.feed_forward(a, il, Activation::packed);
  return m.feed_forward(a, il, Activation::gelu);
}

}  // namespace

void build_bert(ModelGraph& m) {
  auto& g = m.graph;
  const std::string_view architecture = m.profile.architecture;
  auto current = m.embeddings();
  if (const auto types = m.global_input("token_types"); types != no_tensor)
    current = g.binary(current, g.view(types, {m.width(), 1, 1, 1}));
  if (architecture == "bert") {
    const auto rows = g.get_rows(m.global_input("position_embd"), m.positions());
    if (rows != no_tensor) current = g.binary(rows, current);
  }
  const auto first = m.layout.layer_backend.front();
  current = m.norm(current, m.weight("token_embd_norm.weight", first), m.weight("token_embd_norm.bias", first),
                   Norm::layer, 0);
  for (std::size_t il = 0; il < m.layers(); ++il) {
    const auto& facts = m.layer(il);
    auto input = current;
    auto qkv = m.project(current, il);
    const auto head_norm = [&](TensorId a, std::string_view role, std::uint64_t size, std::uint64_t count) {
      if (m.weight(il, role) == no_tensor) return a;
      a = g.reshape(a, {size * count, m.batch.tokens, 1, 1});
      return m.heads(m.norm(a, il, role, Norm::layer), size, count);
    };
    qkv.query = head_norm(qkv.query, "attn_q_norm", facts.key_length, facts.heads);
    qkv.key = head_norm(qkv.key, "attn_k_norm", facts.key_length, facts.kv_heads);
    if (architecture.starts_with("nomic") || architecture == "jina-bert-v3") {
      qkv.query = m.rope(qkv.query, il);
      qkv.key = m.rope(qkv.key, il);
    }
    current = m.attention(qkv, il);
    if (il + 1 == m.layers()) {
      current = m.rows(current);
      input = m.rows(input);
    }
    current = g.binary(current, input);
    current = m.norm(current, il, "attn_output_norm", Norm::layer);
    if (m.weight(il, "attn_norm_2") != no_tensor)
      current = m.norm(g.binary(current, input), il, "attn_norm_2", Norm::layer);
    const auto middle = current;
    current = g.binary(bert_feed_forward(m, current, il), middle);
    current = m.norm(current, il, "layer_output_norm", Norm::layer);
  }
  m.finish(current, no_tensor);
}

}  // namespace berth::plan
