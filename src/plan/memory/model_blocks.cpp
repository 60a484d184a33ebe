#include <algorithm>
#include <utility>

#include "plan/memory/model_graph.h"

namespace berth::plan {

/// Sizes of attention to blocks of keys.
struct ModelGraph::Blocks {
  std::uint64_t streams = 1;
  std::uint64_t tokens = 1;  ///< of each stream
  std::uint64_t cells = 0;
  std::uint64_t size = 1;       ///< tokens of a block
  std::uint64_t positions = 0;  ///< whole blocks of them
  std::uint64_t count = 0;
  std::uint64_t used = 0;
  std::uint64_t groups = 1;  ///< of heads
  TensorId bias = no_tensor;
  TensorId mask = no_tensor;
  TensorId cells_of_positions = no_tensor;
};

ModelGraph::Blocks ModelGraph::blocks(std::size_t il) {
  constexpr std::uint64_t positions_at_first = 256;  // the engine reserves for an empty cache
  Blocks sizes;
  sizes.streams = mask_streams();
  sizes.tokens = batch.tokens / sizes.streams;
  sizes.cells = layout.context.cells_of(0);
  sizes.size = std::max<std::uint64_t>(number("attention.indexer.block_size"), 1);
  const auto positions = layout.context.runs ? sizes.cells : positions_at_first;
  sizes.count = plus(positions, sizes.size - 1) / sizes.size;
  sizes.positions = times(sizes.count, sizes.size);
  sizes.used = std::min(sizes.count, number("attention.indexer.top_k"));
  sizes.groups = std::max<std::uint64_t>(layer(il).kv_heads, 1);
  sizes.bias = input("bias of blocks", f32, {sizes.count, batch.tokens, 1, 1});
  sizes.mask = input("mask of positions", f32, {sizes.positions, batch.tokens, 1, 1});
  sizes.cells_of_positions = input("cells of positions", i32, {sizes.positions, sizes.streams, 1, 1});
  return sizes;
}

TensorId ModelGraph::block_attention(Projections qkv, TensorId index_query, TensorId index_key, std::size_t il) {
  const auto sizes = blocks(il);
  graph.expand(store_index_keys(index_key, il));
  const auto key_rotation = rotation(il, true);
  const auto value_rotation = rotation(il, false);
  qkv = {rotate(qkv.query, key_rotation), rotate(qkv.key, key_rotation), rotate(qkv.value, value_rotation)};
  graph.expand(qkv.query);
  graph.expand(qkv.key);
  graph.expand(qkv.value);
  graph.expand(store_keys(qkv.key, il));
  graph.expand(store_values(qkv.value, il));
  const Projections cached{qkv.query, cached_keys(il), cached_values(il)};
  TensorId result = no_tensor;
  if (sizes.tokens == 1) {
    result = attend_to_gathered(cached, index_query, il, sizes);
  } else {
    for (std::uint64_t stream = 0; stream < sizes.streams; ++stream)
      result = graph.concat(result, attend_in_stream(cached, index_query, il, sizes), 1);
  }
  return project_out(rotate(result, value_rotation), il, {});
}

TensorId ModelGraph::grouped_attention(TensorId query, TensorId key, TensorId value, TensorId mask,
                                       std::uint64_t group) {
  const auto all = graph[query].extents;
  const auto channels = std::max<std::uint64_t>(graph.extent(key, 3), 1);
  const auto rows = all[1] * all[2] / std::max<std::uint64_t>(group * channels, 1);
  query = graph.permute(graph.reshape(query, {all[0], group, channels, rows}), {0, 2, 3, 1});
  auto result =
      graph.make(Op::attention, f32, {graph.extent(value, 0), group, rows, channels}, {query, key, value, mask});
  result = graph.permute(result, {0, 1, 3, 2});
  if (!graph.contiguous(result)) result = graph.cont(result);
  return graph.reshape(result, {graph.extent(value, 0) * all[1], all[2], 1, 1});
}

/// A token of each stream: its keys and values are gathered.
TensorId ModelGraph::attend_to_gathered(const Projections& qkv, TensorId index_query, std::size_t il,
                                        const Blocks& sizes) {
  const auto streams = sizes.streams;
  const auto groups = sizes.groups;
  const auto index = cached_index_keys(il);
  const auto length = graph.extent(index, 0);
  const auto cells = graph.view(index, {length, sizes.cells, streams, 1},
                                {graph[index].strides[2], graph[index].strides[3], graph[index].strides[3]});
  auto keys = graph.get_rows(cells, sizes.cells_of_positions);
  keys = graph.reshape(keys, {length, sizes.positions, 1, streams});
  auto scores = graph.mul_mat(keys, graph.reshape(index_query, {length, groups, 1, streams}));
  scores = graph.add_into(scores, graph.reshape(sizes.mask, {sizes.positions, 1, 1, streams}));
  scores = graph.make(Op::plain, f32, {sizes.count, groups, 1, streams}, {scores});
  scores = graph.binary(scores, graph.reshape(sizes.bias, {sizes.count, 1, 1, streams}));
  const auto best = graph.make(Op::plain, i32, {sizes.used, groups, 1, streams}, {scores});
  auto first = graph.unary(graph.cast(best, f32));
  first =
      graph.repeat(graph.reshape(first, {1, sizes.used, groups, streams}), {sizes.size, sizes.used, groups, streams});
  const auto each = graph.make(Op::plain, f32, {sizes.size, 1, 1, 1}, {});
  const auto gathered = sizes.size * sizes.used;
  const TensorGraph::Extents flat = {gathered * groups, streams, 1, 1};
  const auto chosen = graph.cast(graph.reshape(graph.binary(first, each), flat), i32);
  const auto numbers = input("cells of positions as numbers", f32, {sizes.positions, streams, 1, 1});
  auto rows = graph.get_rows(graph.reshape(numbers, {1, sizes.positions, streams, 1}), chosen);
  rows = graph.unary(graph.reshape(rows, {sizes.size, sizes.used, groups, streams}));
  rows = graph.binary(rows, graph.make(Op::plain, f32, {1, 1, groups, 1}, {}));
  const auto chosen_rows = graph.cast(graph.reshape(rows, flat), i32);
  const auto gather = [&](TensorId cached, const ElementType& type) {
    const auto& info = graph[cached];
    const auto all = graph.view(cached, {info.extents[0], groups * sizes.cells, streams, 1},
                                {info.strides[1], info.strides[3], info.strides[3]});
    return std::pair{graph.get_rows(all, chosen_rows), type.quantized() ? f16 : type};
  };
  const auto [key, key_type] = gather(qkv.key, layout.context.type_k);
  const auto [value, value_type] = gather(qkv.value, layout.context.type_v);
  const auto seen = graph.get_rows(graph.reshape(sizes.mask, {1, sizes.positions, streams, 1}), chosen);
  const auto folded = [&, gathered = gathered](TensorId a, const ElementType& type) {
    a = graph.reshape(a, {graph.extent(a, 0), gathered, 1, groups * streams});
    return type == f32 ? a : graph.cast(a, type);
  };
  const auto mask = graph.cast(graph.reshape(seen, {gathered, 1, 1, groups * streams}), f16);
  return grouped_attention(qkv.query, folded(key, key_type), folded(value, value_type), mask, layer(il).heads / groups);
}

/// Many tokens of one stream: keys of other blocks are masked.
TensorId ModelGraph::attend_in_stream(const Projections& qkv, TensorId index_query, std::size_t il,
                                      const Blocks& sizes) {
  const auto groups = sizes.groups;
  const auto tokens = sizes.tokens;
  const auto lines = [&](TensorId a) {  // {numbers of a token, 1, tokens}
    const auto stride = graph[a].strides[1];
    return graph.view(a, {graph.extent(a, 0), 1, tokens, 1}, {stride, stride, stride * tokens});
  };
  const auto of_stream = [&](TensorId a, std::uint64_t rows) {
    return graph.view(a, {graph.extent(a, 0), graph.extent(a, 1), rows, 1});
  };
  const auto index = cached_index_keys(il);
  const auto length = graph.extent(index, 0);
  const auto cells = graph.view(index, {length, sizes.cells, 1, 1},
                                {graph[index].strides[2], graph[index].strides[3], graph[index].strides[3]});
  const auto keys = graph.get_rows(cells, graph.view(sizes.cells_of_positions, {sizes.positions, 1, 1, 1}));
  auto scores = graph.mul_mat(keys, graph.reshape(of_stream(index_query, tokens), {length, groups * tokens, 1, 1}));
  scores = graph.reshape(scores, {sizes.positions, groups, tokens, 1});
  scores = graph.add_into(scores, lines(sizes.mask));
  scores = graph.make(Op::plain, f32, {sizes.count, groups, tokens, 1}, {scores});
  const auto bias = lines(sizes.bias);
  scores = graph.binary(scores, bias);
  const auto best = graph.make(Op::plain, i32, {sizes.used, groups, tokens, 1}, {scores});
  const auto none = graph.repeat(graph.cast(graph.unary(bias), f16), {sizes.count, groups, tokens, 1});
  const auto zeros = graph.unary(graph.cast(best, f32));
  const auto each = groups * tokens;
  auto blocks =
      graph.store(graph.reshape(zeros, {1, sizes.used, each, 1}), graph.reshape(none, {1, sizes.count, each, 1}),
                  {graph.reshape(best, {sizes.used, each, 1, 1})});
  blocks = graph.reshape(blocks, {sizes.count, groups, tokens, 1});
  blocks = graph.cont(graph.permute(blocks, {0, 2, 1, 3}));
  blocks = graph.cont(graph.transpose(graph.reshape(blocks, {sizes.count, each, 1, 1})));
  const auto blocks_of_cells = input("blocks of cells", i32, {sizes.cells, sizes.streams, 1, 1});
  auto seen = graph.get_rows(blocks, graph.view(blocks_of_cells, {sizes.cells, 1, 1, 1}));
  seen = graph.reshape(graph.cont(graph.transpose(seen)), {sizes.cells, tokens, groups, 1});
  if (wide_mask_ == no_tensor) wide_mask_ = graph.cast(mask(il), f32);
  seen = graph.add_into(seen, graph.view(wide_mask_, {sizes.cells, tokens, 1, 1}));
  seen = graph.cast(graph.reshape(seen, {sizes.cells, tokens, 1, groups}), f16);
  const auto cached = [&](TensorId a) { return graph.permute(of_stream(a, sizes.cells), {0, 3, 1, 2}); };
  return grouped_attention(of_stream(qkv.query, tokens), cached(qkv.key), cached(qkv.value), seen,
                           layer(il).heads / groups);
}

}  // namespace berth::plan
