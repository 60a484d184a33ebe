#include <algorithm>

#include "plan/memory/model_graph.h"

namespace berth::plan {

TensorId ModelGraph::store_index_keys(TensorId key, std::size_t il) {
  auto target = cache(il).index;
  const auto flat = graph.reshape(key, {graph.extent(key, 0), batch.tokens, 1, 1});
  if (layout.context.streams > 1)
    target = graph.reshape(target, {graph.extent(target, 0), graph.extent(target, 1) * graph.extent(target, 2), 1, 1});
  return graph.store(flat, target, {input("index key cells", i64, {batch.tokens, 1, 1, 1})});
}

TensorId ModelGraph::cached_index_keys(std::size_t il) {
  const auto keys = cache(il).index;
  const auto& info = graph[keys];
  return graph.view(keys, {info.extents[0], 1, info.extents[1], info.extents[2]},
                    {info.strides[1], info.strides[1], info.strides[2]});
}

TensorId ModelGraph::by_stream(TensorId a, std::uint64_t streams) {
  auto extents = graph[a].extents;
  const auto strides = graph[a].strides;
  const std::size_t of_tokens = extents[2] > 1 || extents[1] != batch.tokens ? 2 : 1;
  extents[of_tokens] = batch.tokens / streams;
  extents[3] = streams;
  return graph.view(a, extents, {strides[1], strides[2], strides[3] / streams});
}

TensorId ModelGraph::index_scores(TensorId query, TensorId keys, TensorId weights, TensorId mask) {
  const auto streams = std::max<std::uint64_t>(graph.extent(keys, 3), 1);
  return graph.make(Op::indexer, f32, {graph.extent(keys, 2), batch.tokens / streams, 1, streams},
                    {query, keys, weights, mask});
}

TensorId ModelGraph::best_keys(TensorId scores) {
  auto extents = graph[scores].extents;
  extents[0] = std::min(extents[0], number("attention.indexer.top_k"));
  return graph.cont(graph.make(Op::plain, i32, extents, {scores}));
}

TensorId ModelGraph::chosen_keys(TensorId query_rank, TensorId a, std::size_t il) {
  const auto size = layer(il).indexer_length;
  if (size == 0) return chosen_keys_;
  const auto heads_count = number("attention.indexer.head_count");
  auto query = heads(graph.mul_mat(weight(il, "indexer.attn_q_b"), query_rank), size, heads_count);
  query = graph.rope(query, positions());
  auto key = norm(graph.mul_mat(weight(il, "indexer.attn_k"), a), il, "indexer.k_norm", Norm::layer);
  key = graph.rope(heads(key, size, 1), positions());
  std::uint64_t turned = 64;
  while (size % (turned * 2) == 0) turned *= 2;
  const auto turn = input("index rotation", f32, {turned, turned, 1, 1});
  if (profile.architecture != "hy_v4") {
    query = graph.mul_mat(turn, query);
    key = graph.mul_mat(turn, key);
  }
  graph.expand(store_index_keys(key, il));
  const auto keys = cached_index_keys(il);
  const auto streams = layout.context.streams;
  const auto seen = input("mask of the index", f16, {graph.extent(keys, 2), batch.tokens / streams, 1, streams});
  const auto weights = graph.unary(by_stream(graph.mul_mat(weight(il, "indexer.proj"), a), streams));
  chosen_keys_ = best_keys(index_scores(by_stream(query, streams), keys, weights, seen));
  return chosen_keys_;
}

TensorId ModelGraph::mask_of_chosen(TensorId mask, TensorId chosen, ElementType zeros_type) {
  const auto filled = graph.unary(mask);
  const auto& cells = graph[filled].extents;
  const auto& strides = graph[filled].strides;
  const auto single = graph.view(filled, {1, cells[0], cells[1], cells[3]}, {strides[0], strides[1], strides[2]});
  const auto [keys, tokens, one, streams] = graph[chosen].extents;
  const auto indices = graph.view(chosen, {keys, tokens, streams, 1},
                                  {graph[chosen].strides[1], graph[chosen].strides[2], graph[chosen].strides[3]});
  const auto zeros = graph.unary(graph.leaf(zeros_type, {1, keys, tokens, streams}, -1));
  auto result = graph.store(zeros, single, {indices});
  result = graph.view(result, {cells[0], cells[1], 1, cells[3]}, {strides[1], strides[2], strides[3]});
  return graph.binary(result, mask);
}

}  // namespace berth::plan
