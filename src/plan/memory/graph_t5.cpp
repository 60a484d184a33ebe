#include <string>

#include "plan/memory/special_graphs.h"

namespace berth::plan {
namespace {

/// What the distance of two tokens adds to their score.
TensorId distance_bias(ModelGraph& m, TensorId buckets, TensorId table) {
  auto& g = m.graph;
  if (table == no_tensor) return no_tensor;
  const auto seen = g.extent(buckets, 0);
  const auto tokens = g.extent(buckets, 1);
  auto bias = g.get_rows(table, g.reshape(buckets, {seen * tokens, 1, 1, 1}));
  bias = g.reshape(bias, {g.extent(bias, 0), seen, tokens, 1});
  return g.cont(g.permute(bias, {2, 0, 1, 3}));
}

void build_encoder(ModelGraph& m) {
  auto& g = m.graph;
  auto current = m.embeddings();
  const auto buckets = m.input("buckets", i32, {m.batch.tokens, m.batch.tokens, 1, 1});
  for (std::size_t il = 0; il < m.layers(); ++il) {
    const auto& facts = m.layer(il);
    auto input = current;
    current = m.norm(current, il, "enc.attn_norm");
    Projections qkv;
    qkv.query = m.heads(m.linear(il, "enc.attn_q", current), facts.key_length, facts.heads);
    qkv.key = m.heads(m.linear(il, "enc.attn_k", current), facts.key_length, facts.kv_heads);
    qkv.value = m.heads(m.linear(il, "enc.attn_v", current), facts.value_length, facts.kv_heads);
    auto table = m.weight(il, "enc.attn_rel_b");
    if (table == no_tensor) table = m.weight(0, "enc.attn_rel_b");
    current = m.attention_without_cache(qkv, il, {.bias = distance_bias(m, buckets, table), .prefix = "enc."});
    if (il + 1 == m.layers()) {
      current = m.rows(current);
      input = m.rows(input);
    }
    const auto middle = g.binary(current, input);
    current = m.norm(middle, il, "enc.ffn_norm");
    current = g.binary(m.feed_forward(current, il, Activation::gelu, {}, "enc."), middle);
  }
  m.finish(m.norm(current, m.global("enc.output_norm"), no_tensor, Norm::rms, std::nullopt), no_tensor);
}

}  // namespace

void build_t5(ModelGraph& m) {
  if (m.profile.architecture == "t5encoder" || m.batch.encoder) {
    build_encoder(m);
    return;
  }
  auto& g = m.graph;
  auto current = m.embeddings();
  const std::uint64_t encoded = m.batch.encoded > 0 ? m.batch.encoded : m.profile.context_length.value_or(m.batch.tokens);
  const auto encoding = m.input("encoding", f32, {m.width(), encoded, 1, 1});
  const auto cells = m.layout.context.cells;
  const auto buckets = m.input("buckets", i32, {cells, m.batch.tokens, 1, 1});
  const auto layers = std::min<std::uint64_t>(m.number("decoder_block_count", m.layers()), m.layers());
  for (std::size_t il = 0; il < layers; ++il) {
    const auto& facts = m.layer(il);
    auto input = current;
    current = m.norm(current, il, "dec.attn_norm");
    const auto qkv = m.project(current, il, true, 1, "dec.");
    auto table = m.weight(il, "dec.attn_rel_b");
    if (table == no_tensor) table = m.weight(0, "dec.attn_rel_b");
    current = m.attention(qkv, il, {.bias = distance_bias(m, buckets, table), .prefix = "dec."});
    input = current = g.binary(current, input);
    current = m.norm(current, il, "dec.cross_attn_norm");
    Projections cross;
    cross.query = m.heads(m.linear(il, "dec.cross_attn_q", current), facts.key_length, facts.heads);
    const auto of_encoding = [&](std::string_view role) {
      return g.reshape(m.linear(il, role, encoding), {facts.key_length, facts.kv_heads, encoded, 1});
    };
    cross.key = of_encoding("dec.cross_attn_k");
    cross.value = of_encoding("dec.cross_attn_v");
    current = m.attention_to_encoder(cross, il, encoded);
    if (il + 1 == layers) {
      current = m.rows(current);
      input = m.rows(input);
    }
    const auto middle = g.binary(current, input);
    current = m.norm(middle, il, "dec.ffn_norm");
    current = g.binary(m.feed_forward(current, il, Activation::gelu, {}, "dec."), middle);
  }
  current = m.norm(current, m.global("dec.output_norm"), no_tensor, Norm::rms, std::nullopt);
  auto table = m.global("output");
  if (table == no_tensor) table = m.global("token_embd");
  m.finish(current, g.mul_mat(table, current));
}

}  // namespace berth::plan
