#include "plan/memory/special_graphs.h"

namespace berth::plan {
namespace {

/// One pass through a stack, whose layers have norms without weights.
TensorId build_stack(ModelGraph& m, TensorId current, std::size_t first, std::size_t count) {
  auto& g = m.graph;
  for (auto il = first; il < first + count; ++il) {
    const auto input = current;
    current = g.unary(current);
    auto gate = m.linear(il, "attn_gate", current);
    auto qkv = m.project(current, il);
    qkv.query = m.rope(qkv.query, il);
    qkv.key = m.rope(qkv.key, il);
    current = m.attention(qkv, il, {.project = false});
    current = m.linear(il, "attn_output", g.binary(current, g.unary(gate)));
    const auto middle = g.binary(current, input);
    current = g.binary(m.feed_forward(g.unary(middle), il, Activation::silu), middle);
  }
  return g.unary(current);
}

}  // namespace

void build_hrm_text(ModelGraph& m) {
  auto& g = m.graph;
  const auto each = static_cast<std::size_t>(m.number("hrm.layers_per_stack"));
  const auto low_passes = m.number("hrm.l_cycles");
  auto high = m.embeddings();
  if (m.is_set("embedding_scale")) {
    high = g.unary(high);
    g.expand(high);
  }
  auto low = m.weight("hrm.z_l_init", m.layout.layer_backend.front());
  std::uint64_t pass = 0;
  for (std::size_t first = 0; each > 0 && first + each <= m.layers(); first += each, ++pass) {
    const auto result = build_stack(m, g.binary(high, low), first, each);
    (pass % (low_passes + 1) == low_passes ? high : low) = result;
  }
  high = m.rows(high);
  auto table = m.global("output");
  if (table == no_tensor) table = m.global("token_embd");
  m.finish(high, g.mul_mat(table, high));
}

}  // namespace berth::plan
