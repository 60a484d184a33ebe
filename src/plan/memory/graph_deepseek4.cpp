#include <algorithm>
#include <string>

#include "plan/memory/compressed_cache.h"
#include "plan/memory/hyper_connections.h"
#include "plan/memory/special_graphs.h"

namespace berth::plan {
namespace {

class Deepseek4 {
 public:
  explicit Deepseek4(ModelGraph& model)
      : m_(model), g_(model.graph), hyper_(model), tokens_(model.batch.tokens), streams_(model.batch.sequences) {}

  void build() {
    auto streams = m_.embeddings();
    g_.expand(m_.mask(0));
    streams = hyper_.split(streams);
    for (std::size_t il = 0; il < m_.layers(); ++il) streams = layer(streams, il);
    const auto width = g_.extent(streams, 0);
    const auto flat = g_.reshape(streams, {width * hyper_.count(), tokens_, 1, 1});
    streams = g_.reshape(m_.rows(flat), {width, hyper_.count(), m_.batch.outputs, 1});
    const auto result = m_.norm(hyper_.join(streams), m_.global("output_norm"), no_tensor, Norm::rms, std::nullopt);
    m_.finish(result, g_.mul_mat(m_.global("output"), result));
  }

 private:
  TensorId layer(TensorId streams, std::size_t il) {
    auto mix = hyper_.mix(streams, il, "attn");
    streams = hyper_.give_back(attend(m_.norm(mix.input, il, "attn_norm"), il), streams, mix, il);
    mix = hyper_.mix(streams, il, "ffn");
    g_.expand(streams);
    g_.expand(mix.post);
    g_.expand(mix.combination);
    const auto input = m_.norm(mix.input, il, "ffn_norm");
    auto options = m_.experts_by_metadata(il);
    if (il < m_.number("hash_layer_count"))
      options.chosen = g_.make(Op::get_rows, i32, {options.used, tokens_, 1, 1},
                               {m_.weight(il, "ffn_gate_tid2eid"), m_.input("tokens", i32, {tokens_, 1, 1, 1})});
    const auto routed = m_.experts(input, il, options);
    const auto result = g_.binary(routed, m_.feed_forward(input, il, Activation::silu, "_shexp"));
    streams = hyper_.give_back(result, streams, mix, il);
    m_.pin_to_layer(streams, il);
    return streams;
  }

  TensorId index_input(const std::string& of, const std::string& name, std::uint64_t count, ElementType type = i32) {
    return m_.input(of + " " + name, type, {count, 1, 1, 1});
  }

  /// A cache of keys that stand for several tokens, in the graph.
  struct Compressed {
    std::string name;
    CompressedCache sizes;
    TensorId keys = no_tensor;
    TensorId mask = no_tensor;
    TensorId rotation = no_tensor;
  };

  Compressed compressed(const std::string& name, const CompressedCache& sizes, std::size_t il, bool of_index) {
    Compressed cache{.name = name, .sizes = sizes};
    const auto home = m_.layout.cache_backend(il);
    const auto all_streams = m_.layout.context.streams;
    cache.keys = g_.leaf(m_.layout.context.type_k, {sizes.key_width, sizes.cells, all_streams, 1}, home);
    cache.mask = m_.input(name + " mask", of_index || m_.batch.flash_attention ? f16 : f32,
                          {sizes.cells, tokens_ / streams_, 1, streams_});
    if (of_index || (m_.layout.context.type_k.quantized() && sizes.key_width % 64 == 0)) {
      std::uint64_t turned = 64;
      while (sizes.key_width != 0 && sizes.key_width % (turned * 2) == 0) turned *= 2;
      cache.rotation = m_.input(name + " rotation", f32, {turned, turned, 1, 1});
    }
    return cache;
  }

  TensorId cached(const Compressed& cache) {
    const auto& info = g_[cache.keys];
    return g_.view(cache.keys, {info.extents[0], 1, info.extents[1], info.extents[2]},
                   {info.strides[1], info.strides[1], info.strides[2]});
  }

  /// Keys for tokens that are complete, and the state for those that are not.
  void compress(TensorId a, const Compressed& cache, const std::string& role, std::size_t il) {
    const auto& sizes = cache.sizes;
    const auto blocks = tokens_ / sizes.ratio + streams_;
    const auto all_rows = times(sizes.state_rows, m_.layout.context.streams);
    const auto home = m_.layout.cache_backend(il);
    const auto state = [&] {
      return g_.leaf(f32, {sizes.state_width, sizes.state_rows, m_.layout.context.streams, 1}, home);
    };
    const auto keys_state = state();
    const auto scores_state = state();
    const auto keys = g_.mul_mat(m_.weight(il, role + "_kv"), a);
    const auto places = g_.get_rows(m_.weight(il, role + "_ape"), index_input(cache.name, "places", tokens_));
    const auto scores = g_.binary(g_.mul_mat(m_.weight(il, role + "_gate"), a), places);
    const auto all_of = [&](TensorId leaf) { return g_.view(leaf, {sizes.state_width, all_rows, 1, 1}); };
    const auto source_keys = g_.concat(all_of(keys_state), keys, 1);
    const auto source_scores = g_.concat(all_of(scores_state), scores, 1);
    auto made = sizes.overlaps ? overlapping(source_keys, source_scores, cache, blocks)
                               : apart(source_keys, source_scores, cache, blocks);
    made = m_.norm(made, il, role + "_norm");
    made = m_.rotate(g_.rope(made, index_input(cache.name, "positions", blocks)), cache.rotation);
    auto target = cache.keys;
    const auto extents = g_[target].extents;
    if (extents[2] > 1) target = g_.reshape(target, {extents[0], extents[1] * extents[2], 1, 1});
    g_.expand(g_.store(g_.reshape(made, {sizes.key_width, blocks, 1, 1}), target,
                       {index_input(cache.name, "cells", blocks, i64)}));
    const auto kept = std::min(tokens_, all_rows);
    const auto from = index_input(cache.name, "kept", kept);
    const auto to = index_input(cache.name, "kept to", kept);
    const auto kept_keys = g_.store(g_.get_rows(keys, from), all_of(keys_state), {to});
    const auto kept_scores = g_.store(g_.get_rows(scores, from), all_of(scores_state), {to});
    g_.expand(kept_keys);
    g_.expand(kept_scores);
  }

  TensorId weighted(TensorId values, TensorId scores) {
    const auto turn = [&](TensorId a) { return g_.cont(g_.permute(a, {1, 0, 2, 3})); };
    values = turn(values);
    const auto product = g_.binary(values, g_.unary(turn(scores)));
    const auto extents = g_[product].extents;
    return turn(g_.make(Op::plain, f32, {1, extents[1], extents[2], 1}, {product}));
  }

  TensorId apart(TensorId keys, TensorId scores, const Compressed& cache, std::uint64_t blocks) {
    const auto& sizes = cache.sizes;
    const auto rows = index_input(cache.name, "rows", sizes.ratio * blocks);
    const TensorGraph::Extents split = {sizes.key_width, sizes.ratio, blocks, 1};
    return weighted(g_.reshape(g_.get_rows(keys, rows), split), g_.reshape(g_.get_rows(scores, rows), split));
  }

  TensorId overlapping(TensorId keys, TensorId scores, const Compressed& cache, std::uint64_t blocks) {
    const auto& sizes = cache.sizes;
    const auto read = sizes.ratio * blocks;
    const auto rows = index_input(cache.name, "rows", 2 * read);
    const auto with_empty_row = [&](TensorId a) {
      const auto width = g_.extent(a, 0);
      const auto row = g_.unary(g_.view(a, {width, 1, 1, 1}));
      return g_.concat(a, g_.reshape(row, {width, 1, 1, 1}), 1);
    };
    keys = with_empty_row(keys);
    scores = with_empty_row(scores);
    const auto key_rows = g_.get_rows(keys, rows);
    const auto score_rows = g_.get_rows(scores, rows);
    const auto half = [&](TensorId a) {
      return g_.reshape(g_.cont(g_.view(a, {sizes.key_width, read, 1, 1})), {sizes.key_width, sizes.ratio, blocks, 1});
    };
    const auto keys_before = half(key_rows);
    const auto scores_before = half(score_rows);
    const auto values = g_.concat(keys_before, half(key_rows), 1);
    return weighted(values, g_.concat(scores_before, half(score_rows), 1));
  }

  TensorId chosen_keys(TensorId query_rank, TensorId a, const Compressed& index, std::size_t il) {
    const auto heads = m_.number("attention.indexer.head_count");
    auto query = m_.heads(g_.mul_mat(m_.weight(il, "indexer.attn_q_b"), query_rank), index.sizes.key_width, heads);
    query = m_.rotate(g_.rope(query, m_.positions()), index.rotation);
    const auto weights = g_.unary(g_.mul_mat(m_.weight(il, "indexer.proj"), a));
    const auto streams = m_.layout.context.streams;
    return m_.best_keys(
        m_.index_scores(m_.by_stream(query, streams), cached(index), m_.by_stream(weights, streams), index.mask));
  }

  TensorId attend(TensorId a, std::size_t il) {
    const auto& facts = m_.layer(il);
    const auto query_rank = m_.norm(m_.linear(il, "attn_q_a", a), il, "attn_q_a_norm");
    auto query = m_.heads(m_.linear(il, "attn_q_b", query_rank), facts.key_length, facts.heads);
    query = g_.rope(g_.unary(query), m_.positions());
    auto key = m_.norm(m_.linear(il, "attn_kv", a), il, "attn_kv_a_norm");
    key = g_.rope(m_.heads(key, facts.key_length, 1), m_.positions());
    const auto caches = compressed_caches(m_.profile, il, m_.layout.context);
    Compressed main;
    Compressed index;
    if (!caches.empty()) {
      main = compressed(caches.front().overlaps ? "overlapping keys" : "keys apart", caches.front(), il, false);
      compress(a, main, "attn_compressor", il);
    }
    TensorId chosen = no_tensor;
    if (caches.size() > 1) {
      index = compressed("index", caches.back(), il, true);
      compress(a, index, "indexer_compressor", il);
      chosen = chosen_keys(query_rank, a, index, il);
    }
    auto result = attend_to(query, key, main, chosen, il);
    result = g_.rope(m_.heads(result, facts.key_length, facts.heads), m_.positions());
    return project(result, il);
  }

  TensorId attend_to(TensorId query, TensorId key, const Compressed& compressed_keys, TensorId chosen, std::size_t il) {
    const auto rotation = m_.rotation(il, true);
    query = m_.rotate(query, rotation);
    key = m_.rotate(key, rotation);
    g_.expand(query);
    g_.expand(key);
    g_.expand(m_.store_keys(key, il));
    auto keys = m_.cached_keys(il);
    auto mask = m_.mask(il);
    if (compressed_keys.keys != no_tensor) {
      keys = g_.concat(keys, cached(compressed_keys), 2);
      const auto seen = chosen == no_tensor
                            ? compressed_keys.mask
                            : m_.mask_of_chosen(compressed_keys.mask, chosen, m_.batch.flash_attention ? f16 : f32);
      mask = g_.concat(mask, seen, 0);
    }
    return m_.rotate(m_.heads_attention(query, keys, keys, mask, il, {.project = false}), rotation);
  }

  TensorId project(TensorId a, std::size_t il) {
    const auto& facts = m_.layer(il);
    const auto groups = std::max<std::uint64_t>(m_.number("attention.output_group_count"), 1);
    const auto rank = m_.number("attention.output_lora_rank");
    a = g_.reshape(a, {facts.heads * facts.key_length / groups, groups, tokens_, 1});
    a = g_.make(Op::mul_mat, f32, {rank, tokens_, groups, 1},
                {m_.weight(il, "attn_output_a"), g_.permute(a, {0, 2, 1, 3})});
    a = g_.cont(g_.permute(a, {0, 2, 1, 3}), {rank * groups, tokens_, 1, 1});
    return m_.linear(il, "attn_output_b", a);
  }

  ModelGraph& m_;
  TensorGraph& g_;
  HyperConnections hyper_;
  std::uint64_t tokens_;
  std::uint64_t streams_;  // of the graph
};

}  // namespace

void build_deepseek4(ModelGraph& model) { Deepseek4(model).build(); }

}  // namespace berth::plan
