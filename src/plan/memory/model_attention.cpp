#include <algorithm>

#include "plan/memory/cache_bytes.h"
#include "plan/memory/model_graph.h"

namespace berth::plan {
namespace {

std::uint64_t row(const ElementType& type, std::uint64_t elements) {
  return times(elements / type.elements, type.bytes);
}

}  // namespace

Projections ModelGraph::project(TensorId a, std::size_t il, bool split_heads, std::uint64_t query_parts,
                                std::string_view prefix) {
  const auto& facts = layer(il);
  const auto role = [&](std::string_view name) { return std::string(prefix) + std::string(name); };
  const auto query_size = facts.key_length * query_parts;
  const auto tokens = batch.tokens;
  Projections result;
  if (weight(il, role("attn_qkv")) != no_tensor) {
    auto qkv = linear(il, role("attn_qkv"), a, true);
    if (split_heads && is_set("attention.clamp_kqv")) qkv = graph.unary(qkv);
    const auto part = [&](std::uint64_t size, std::uint64_t count) {
      if (split_heads)
        return graph.view(qkv, {size, count, tokens, 1},
                          {size * 4, graph[qkv].strides[1], graph[qkv].strides[1] * tokens});
      return graph.cont(graph.view(qkv, {times(size, count), tokens, 1, 1}));
    };
    result = {part(query_size, facts.heads), part(facts.key_length, facts.kv_heads),
              part(facts.value_length, facts.kv_heads)};
    return result;
  }
  const auto one = [&](std::string_view name, std::uint64_t size, std::uint64_t count) {
    auto part = linear(il, role(name), a, true);
    if (split_heads && is_set("attention.clamp_kqv")) part = graph.unary(part);
    return split_heads ? heads(part, size, count) : part;
  };
  result.query = one("attn_q", query_size, facts.heads);
  result.key = one("attn_k", facts.key_length, facts.kv_heads);
  result.value = one("attn_v", facts.value_length, facts.kv_heads);
  return result;
}

TensorId ModelGraph::rope(TensorId a, std::size_t il) {
  const auto backend = layout.layer_backend[static_cast<std::size_t>(layer(il).weights_of.value_or(il))];
  auto factors = weight("rope_freqs.weight", backend);
  if (factors == no_tensor) factors = weight("rope_factors_long.weight", backend);
  if (factors == no_tensor) factors = weight("rope_factors_short.weight", backend);
  return graph.rope(a, positions(), factors);
}

ModelGraph::Cache& ModelGraph::cache(std::size_t il) {
  const auto owner = layer(il).cache_of ? static_cast<std::size_t>(*layer(il).cache_of) : il;
  const auto [place, added] = caches_.try_emplace(owner);
  if (!added || owner >= profile.layers.size()) return place->second;
  const auto& facts = layer(owner);
  const auto cells = layout.context.cells_of(facts.window);
  const auto home = layout.cache_backend(owner);
  const auto streams = layout.context.streams;
  place->second.keys = graph.leaf(layout.context.type_k, {facts.key_length * facts.kv_heads, cells, streams, 1}, home);
  if (!facts.keys_only) {
    const auto width = value_width(profile, facts, layout.context);
    place->second.values = graph.leaf(layout.context.type_v, {width, cells, streams, 1}, home);
  }
  if (facts.indexer_length != 0)
    place->second.index = graph.leaf(layout.context.type_k, {facts.indexer_length, cells, streams, 1}, home);
  return place->second;
}

TensorId ModelGraph::store_keys(TensorId key, std::size_t il) {
  const auto extents = graph[key].extents;
  auto target = cache(il).keys;
  const auto indices =
      input(layer(il).window == 0 ? "key cells" : "key cells of windows", i64, {batch.tokens, 1, 1, 1});
  const auto flat =
      graph.view(key, {extents[0] * extents[1], extents[2], 1, 1},
                 {graph[key].strides[2], graph[key].strides[2] * extents[2], graph[key].strides[2] * extents[2]});
  if (layout.context.streams > 1)
    target = graph.reshape(target, {graph.extent(target, 0), graph.extent(target, 1) * graph.extent(target, 2), 1, 1});
  return graph.store(flat, target, {indices});
}

TensorId ModelGraph::store_values(TensorId value, std::size_t il) {
  const auto extents = graph[value].extents;
  const auto width = extents[0] * extents[1];
  auto target = cache(il).values;
  const bool windowed = layer(il).window != 0;
  if (!layout.context.transposes_values()) {
    const auto indices = input(windowed ? "value cells of windows" : "value cells", i64, {batch.tokens, 1, 1, 1});
    const auto stride = graph[value].strides[2];
    const auto flat = graph.view(value, {width, extents[2], 1, 1}, {stride, stride * extents[2], stride * extents[2]});
    if (layout.context.streams > 1)
      target =
          graph.reshape(target, {graph.extent(target, 0), graph.extent(target, 1) * graph.extent(target, 2), 1, 1});
    return graph.store(flat, target, {indices});
  }
  const auto stored = graph.extent(target, 0);
  const auto indices =
      input(windowed ? "value cells of windows" : "value cells", i64, {times(batch.tokens, stored), 1, 1, 1});
  auto flat = graph[value].strides[2] == width * 4 ? graph.reshape(value, {width, extents[2], 1, 1})
                                                   : graph.cont(value, {width, extents[2], 1, 1});
  if (width < stored) flat = graph.make(Op::plain, f32, {stored, extents[2], 1, 1}, {flat});
  const auto elements = times(times(stored, graph.extent(target, 1)), graph.extent(target, 2));
  target = graph.reshape(target, {1, elements, 1, 1});
  flat = graph.reshape(flat, {1, times(graph.extent(flat, 0), extents[2]), 1, 1});
  return graph.store(flat, target, {indices});
}

TensorId ModelGraph::cached_keys(std::size_t il) {
  const auto& facts = layer(il);
  const auto cells = graph.extent(cache(il).keys, 1);
  const auto type = layout.context.type_k;
  const auto width = graph.extent(cache(il).keys, 0);
  return graph.view(cache(il).keys, {facts.key_length, facts.kv_heads, cells, layout.context.streams},
                    {row(type, facts.key_length), row(type, width), row(type, times(width, cells))});
}

TensorId ModelGraph::cached_values(std::size_t il) {
  const auto& facts = layer(il);
  const auto values = cache(il).values;
  const auto cells = graph.extent(values, 1);
  const auto type = layout.context.type_v;
  const auto width = graph.extent(values, 0);
  if (!layout.context.transposes_values())
    return graph.view(values, {facts.value_length, facts.kv_heads, cells, layout.context.streams},
                      {row(type, facts.value_length), row(type, width), row(type, times(width, cells))});
  return graph.view(values, {cells, facts.kv_heads, facts.value_length, layout.context.streams},
                    {row(type, times(cells, facts.value_length)), row(type, cells), row(type, times(cells, width))});
}

TensorId ModelGraph::mask(std::size_t il) {
  const auto streams = mask_streams();
  return input(layer(il).window == 0 ? "mask" : "mask of windows", batch.flash_attention ? f16 : f32,
               {layout.context.cells_of(layer(il).window), batch.tokens / streams, 1, streams});
}

TensorId ModelGraph::rotation(std::size_t il, bool of_keys) {
  const auto& type = of_keys ? layout.context.type_k : layout.context.type_v;
  const auto size_of = [&](const LayerProfile& each) { return of_keys ? each.key_length : each.value_length; };
  if (!type.quantized() || size_of(profile.layers.front()) % 64 != 0) return no_tensor;
  // Only where all layers of this cache have heads of the same size.
  for (const auto& each : profile.layers) {
    if (each.has_cache && (each.window == 0) == (layer(il).window == 0) && size_of(each) != size_of(layer(il)))
      return no_tensor;
  }
  std::uint64_t size = 64;
  while (of_keys && size_of(layer(il)) != 0 && size_of(layer(il)) % (size * 2) == 0) size *= 2;
  std::string name = of_keys ? "key rotation" : "value rotation";
  if (layer(il).window != 0) name += " of windows";
  return input(name, f32, {size, size, 1, 1});
}

TensorId ModelGraph::rotate(TensorId a, TensorId rotation) {
  if (a == no_tensor || rotation == no_tensor) return a;
  const auto extents = graph[a].extents;
  const auto size = graph.extent(rotation, 0);
  const TensorGraph::Extents flat = {size, times(extents[0], graph[a].rows()) / size, 1, 1};
  const auto rows = graph.contiguous(a) ? graph.reshape(a, flat) : graph.cont(a, flat);
  return graph.reshape(graph.mul_mat(rotation, rows), extents);
}

TensorId ModelGraph::heads_attention(TensorId query, TensorId key, TensorId value, TensorId mask, std::size_t il,
                                     const AttentionOptions& options) {
  const bool transposed = graph[value].strides[1] > graph[value].strides[2];
  const auto streams = std::max<std::uint64_t>(graph.extent(key, 3), 1);
  const auto each = graph.extent(query, 2) / streams;
  const auto stride = graph[query].strides[2];
  query = graph.view(query, {graph.extent(query, 0), graph.extent(query, 1), each, streams},
                     {graph[query].strides[1], stride, stride * each});
  query = graph.permute(query, {0, 2, 1, 3});
  key = graph.permute(key, {0, 2, 1, 3});
  value = graph.permute(value, {0, 2, 1, 3});
  const auto sinks = weight(il, "attn_sinks");
  TensorId result = no_tensor;
  if (batch.flash_attention && options.bias == no_tensor) {
    if (transposed) value = graph.transpose(value);
    if (graph[key].type == f32) key = graph.make(Op::plain, f16, graph[key].extents, {key});
    if (graph[value].type == f32) value = graph.make(Op::plain, f16, graph[value].extents, {value});
    result =
        graph.make(Op::attention, f32,
                   {graph.extent(value, 0), graph.extent(query, 2), graph.extent(query, 1), graph.extent(query, 3)},
                   {query, key, value, mask, sinks});
    fused_steps.push_back({result, il, Fused::flash});
    if (options.values_of != no_tensor) {
      result = graph.mul_mat(options.values_of, graph.permute(result, {0, 2, 1, 3}));
      result = graph.cont(graph.permute(result, {0, 2, 1, 3}));
    }
    result = graph.reshape(result, {graph.extent(result, 0) * graph.extent(result, 1),
                                    graph.extent(result, 2) * graph.extent(result, 3), 1, 1});
  } else {
    auto scores = graph.mul_mat(key, query);
    for (int i = 0; i < options.extra_score_steps; ++i) scores = graph.unary(scores);
    scores = graph.binary(scores, options.bias);
    scores = graph.like(Op::in_place, scores, {mask, sinks});
    if (!transposed) value = graph.cont(graph.transpose(value));
    result = graph.mul_mat(value, scores);
    if (options.values_of != no_tensor) result = graph.mul_mat(options.values_of, result);
    const auto permuted = graph.permute(result, {0, 2, 1, 3});
    result = graph.cont(permuted, {graph.extent(permuted, 0) * graph.extent(permuted, 1),
                                   graph.extent(permuted, 2) * graph.extent(permuted, 3), 1, 1});
    if (!layout.context.offload_cache) graph.pin(result, layout.host());
  }
  graph.expand(result);
  return result;
}

TensorId ModelGraph::project_out(TensorId a, std::size_t il, const AttentionOptions& options) {
  if (!options.project) return a;
  const auto role = std::string(options.prefix) + (options.prefix.empty() ? "attn_output" : "attn_o");
  const auto projected = linear(il, role, a, true);
  return projected == no_tensor ? a : projected;
}

TensorId ModelGraph::attention(const Projections& qkv, std::size_t il, const AttentionOptions& options) {
  if (!layer(il).has_cache && !layer(il).cache_of) return attention_without_cache(qkv, il, options);
  const auto key_rotation = rotation(il, true);
  const auto value_rotation = rotation(il, false);
  const auto query = rotate(qkv.query, key_rotation);
  const auto key = rotate(qkv.key, key_rotation);
  const auto value = rotate(qkv.value, value_rotation);
  const bool windows = std::ranges::any_of(profile.layers, [](const auto& each) { return each.window != 0; });
  graph.expand(query);
  graph.expand(windows ? key : value);
  graph.expand(windows ? value : key);
  if (key != no_tensor) graph.expand(store_keys(key, il));
  if (value != no_tensor) graph.expand(store_values(value, il));
  const auto keys = cached_keys(il);
  auto seen = mask(il);
  if (options.chosen != no_tensor) seen = mask_of_chosen(seen, options.chosen, f32);
  auto result = heads_attention(query, keys, cached_values(il), seen, il, options);
  result = rotate(result, value_rotation);
  return project_out(result, il, options);
}

TensorId ModelGraph::attention_over_keys(const Projections& qkv, std::size_t il, const AttentionOptions& options) {
  graph.expand(qkv.query);
  graph.expand(qkv.value);
  graph.expand(qkv.key);
  graph.expand(store_keys(qkv.key, il));
  const auto keys = cached_keys(il);
  const auto& info = graph[keys];
  const auto values = graph.view(keys, {graph.extent(qkv.value, 0), info.extents[1], info.extents[2], info.extents[3]},
                                 {info.strides[1], info.strides[2], info.strides[3]});
  auto seen = mask(il);
  if (options.chosen != no_tensor) seen = mask_of_chosen(seen, options.chosen, f32);
  return project_out(heads_attention(qkv.query, keys, values, seen, il, options), il, options);
}

TensorId ModelGraph::attention_without_cache(const Projections& qkv, std::size_t il, const AttentionOptions& options) {
  graph.expand(qkv.query);
  graph.expand(qkv.key);
  graph.expand(qkv.value);
  const auto seen = input(layer(il).window == 0 ? "mask of the batch" : "mask of the batch in windows",
                          batch.flash_attention ? f16 : f32, {batch.tokens, batch.tokens, 1, 1});
  return project_out(heads_attention(qkv.query, qkv.key, qkv.value, seen, il, options), il, options);
}

TensorId ModelGraph::attention_to_encoder(const Projections& qkv, std::size_t il, std::uint64_t encoded) {
  graph.expand(qkv.query);
  graph.expand(qkv.key);
  graph.expand(qkv.value);
  const auto seen = input("mask of the encoder", batch.flash_attention ? f16 : f32, {encoded, batch.tokens, 1, 1});
  const auto result = heads_attention(qkv.query, qkv.key, qkv.value, seen, il, {.project = false});
  return linear(il, "dec.cross_attn_o", result);
}

TensorId ModelGraph::latent_attention(TensorId a, std::size_t il, bool project) {
  const auto& facts = layer(il);
  const auto tokens = batch.tokens;
  const auto rope_size = number("rope.dimension_count", facts.key_length);
  const std::string windowed = facts.window == 0 ? "" : "_swa";
  const auto key_size = facts.keys_only ? number("attention.key_length_mla" + windowed) : facts.key_length;
  const auto value_size = facts.keys_only ? number("attention.value_length_mla" + windowed) : facts.value_length;
  const auto plain_size = key_size > rope_size ? key_size - rope_size : 0;
  const auto rank = number("attention.kv_lora_rank" + windowed);
  TensorId query = no_tensor;
  TensorId chosen = no_tensor;
  if (weight(il, "attn_q") == no_tensor) {
    query = graph.mul_mat(weight(il, "attn_q_a"), a);
    query = norm(query, il, "attn_q_a_norm");
    if (facts.window == 0) chosen = chosen_keys(query, a, il);
    query = graph.mul_mat(weight(il, "attn_q_b"), query);
  } else {
    query = graph.mul_mat(weight(il, "attn_q"), a);
  }
  query = heads(query, key_size, facts.heads);
  const auto both = graph.mul_mat(weight(il, "attn_kv_a_mqa"), a);
  const auto stride = times(rank + rope_size, 4);
  auto compressed = graph.view(both, {rank, tokens, 1, 1}, {stride, stride * tokens, stride * tokens});
  auto rope_key = graph.view(both, {rope_size, 1, tokens, 1}, {stride, stride, stride * tokens});
  if (weight(il, "attn_k_norm") != no_tensor) rope_key = norm(rope_key, il, "attn_k_norm");
  rope_key = rope(rope_key, il);
  compressed = norm(compressed, il, "attn_kv_a_norm");
  const bool scaled = is_set("attention.temperature_scale");
  if (facts.keys_only) {
    const auto strides = graph[query].strides;
    auto plain = graph.view(query, {plain_size, facts.heads, tokens, 1}, {strides[1], strides[2], strides[3]});
    auto turned = graph.view(query, {rope_size, facts.heads, tokens, 1}, {strides[1], strides[2], strides[3]});
    turned = rope(turned, il);
    plain = graph.mul_mat(weight(il, "attn_k_b"), graph.permute(plain, {0, 2, 1, 3}));
    plain = graph.permute(plain, {0, 2, 1, 3});
    auto q = graph.concat(plain, turned, 0);
    compressed = graph.reshape(compressed, {rank, 1, tokens, 1});
    const auto key = graph.concat(compressed, rope_key, 0);
    if (scaled) q = graph.binary(q, attention_scale());
    return attention_over_keys({q, key, compressed}, il, {.project = project, .values_of = weight(il, "attn_v_b"), .chosen = chosen});
  }
  const auto kv = graph.mul_mat(weight(il, "attn_kv_b"), compressed);
  const auto head = times(plain_size + value_size, 4);
  const auto part = [&](std::uint64_t size) {
    return graph.view(kv, {size, facts.heads, tokens, 1}, {head, head * facts.heads, head * facts.heads * tokens});
  };
  const auto value = graph.cont(part(value_size));
  auto q = rope(query, il);
  const auto key = graph.concat(part(plain_size), graph.repeat(rope_key, {rope_size, facts.heads, tokens, 1}), 0);
  if (scaled) q = graph.binary(q, attention_scale());
  return attention({q, key, value}, il, {.project = project});
}

}  // namespace berth::plan
