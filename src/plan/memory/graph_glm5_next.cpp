#include <algorithm>
#include <array>
#include <string>

#include "plan/memory/hyper_connections.h"
#include "plan/memory/special_graphs.h"

namespace berth::plan {
namespace {

/// Linear attention (KDA) and latent attention to pools of keys, between hyper-connections.
class Glm5Next {
 public:
  explicit Glm5Next(ModelGraph& model)
      : m_(model), g_(model.graph), hyper_(model), tokens_(model.batch.tokens), pools_(pools()) {}

  void build() {
    const auto embedded = m_.embeddings();
    for (const auto each : {pools_.cells, pools_.members, pools_.mask, pools_.tail, pools_.gathered}) g_.expand(each);
    auto streams = hyper_.split(embedded);
    for (std::size_t il = 0; il < m_.layers(); ++il) streams = layer(streams, il);
    const auto width = g_.extent(streams, 0);
    const auto flat = g_.reshape(streams, {width * hyper_.count(), tokens_, 1, 1});
    streams = g_.reshape(m_.rows(flat), {width, hyper_.count(), m_.batch.outputs, 1});
    const auto result = m_.norm(mean(streams), m_.global("output_norm"), no_tensor, Norm::rms, std::nullopt);
    m_.finish(result, g_.mul_mat(m_.global("output"), result));
  }

 private:
  /// Sizes and inputs of attention to pools of keys.
  struct Pools {
    std::uint64_t size = 1;  ///< keys of a pool
    std::uint64_t real = 0;
    std::uint64_t count = 0;  ///< with padding
    std::uint64_t used = 0;
    std::uint64_t keys = 0;  ///< that a token attends to
    bool gathers = false;
    TensorId cells = no_tensor;
    TensorId members = no_tensor;
    TensorId mask = no_tensor;
    TensorId tail = no_tensor;
    TensorId gathered = no_tensor;
  };

  Pools pools() {
    constexpr std::uint64_t padding = 64;
    constexpr std::uint64_t most_gathered_tokens = 16;
    Pools pools;
    const auto cells = m_.layout.context.cells;
    pools.size = std::max<std::uint64_t>(m_.number("attention.indexer.kpool"), 2);
    pools.real = std::max<std::uint64_t>(times(cells / pools.size, m_.layout.context.sequences), 1);
    pools.count = (pools.real + padding) / padding * padding;
    pools.used = std::min(pools.count, m_.number("attention.indexer.top_k") / pools.size);
    const bool with_tail = m_.is_set("attention.indexer.kpool_select_tail");
    pools.keys = pools.size * pools.used + (with_tail ? pools.size - 1 : 0);
    pools.gathers = tokens_ <= most_gathered_tokens && cells > pools.keys;
    pools.cells = m_.input("cells of pools", i32, {pools.count, 1, 1, 1});
    pools.members = m_.input("members of pools", i32, {pools.size, pools.count, 1, 1});
    pools.mask = m_.input("mask of pools", f16, {pools.count, tokens_, 1, 1});
    pools.tail = m_.input("tail", i32, {pools.size - 1, tokens_, 1, 1});
    pools.gathered = m_.input("mask of chosen keys", f32, {pools.keys, 1, 1, tokens_});
    return pools;
  }

  TensorId mean(TensorId streams) {
    const auto [width, count, tokens, one] = g_[streams].extents;
    const auto stride = g_[streams].strides[2];
    const auto stream = [&, width = width, tokens = tokens] {
      return g_.view(streams, {width, tokens, 1, 1}, {stride, stride * tokens, stride * tokens});
    };
    auto sum = stream();
    for (std::uint64_t i = 1; i < hyper_.count(); ++i) sum = g_.binary(sum, stream());
    return g_.unary(sum);
  }

  TensorId layer(TensorId streams, std::size_t il) {
    auto mix = hyper_.mix(streams, il, "attn");
    auto current = m_.norm(mix.input, il, "attn_norm");
    g_.expand(current);
    current = m_.layer(il).recurrent ? linear_attention(current, il) : attend(current, il);
    streams = hyper_.give_back(current, streams, mix, il);
    mix = hyper_.mix(streams, il, "ffn");
    current = transform(m_.norm(mix.input, il, "ffn_norm"), il);
    return hyper_.give_back(current, streams, mix, il);
  }

  TensorId transform(TensorId a, std::size_t il) {
    if (!m_.layer(il).experts) return m_.feed_forward(a, il, Activation::silu);
    const auto routed = m_.experts(a, il, m_.experts_by_metadata(il));
    return g_.binary(routed, m_.feed_forward(a, il, Activation::silu, "_shexp"));
  }

  /// One of query, key and value, behind its convolution.
  TensorId convolved(TensorId a, TensorId state, const std::string& part, std::size_t il) {
    const auto before = std::max<std::uint64_t>(m_.number("ssm.conv_kernel"), 1) - 1;
    const auto head = m_.number("kda.head_dim");
    const auto heads = m_.layer(0).heads;
    const auto inner = times(head, heads);
    const auto sequences = m_.batch.sequences;
    const auto each = m_.batch.tokens_each();
    const auto line = before * 4;
    const auto states = g_.view(state, {before, inner, sequences, 1}, {line, line * inner * 3, line * inner * 3});
    const auto x = g_.reshape(m_.linear(il, "attn_" + part, a), {inner, each, sequences, 1});
    const auto window = g_.concat(states, g_.transpose(x), 0);
    const auto last = g_.view(window, {before, inner, sequences, 1});
    g_.expand(g_.store(last, g_.view(m_.state_leaf(il, true), {before, inner, sequences, 1},
                                     {line, line * inner * 3, line * inner * 3})));
    const auto weights = g_.reshape(m_.weight(il, "ssm_conv1d_" + part), {before + 1, inner, 1, 1});
    auto result = g_.make(Op::plain, f32, {inner, each, sequences, 1}, {window, weights});
    result = g_.unary(g_.reshape(result, {inner, tokens_, 1, 1}));
    return g_.reshape(result, {head, heads, each, sequences});
  }

  TensorId decay(TensorId a, std::size_t il) {
    const auto head = m_.number("kda.head_dim");
    const auto heads = m_.layer(0).heads;
    auto gate = g_.mul_mat(m_.weight(il, "ssm_f_b"), g_.mul_mat(m_.weight(il, "ssm_f_a"), a));
    gate = g_.binary(gate, m_.weight(il, "ssm_dt", "bias"));
    const auto rate = g_.reshape(m_.weight(il, "ssm_a", ""), {1, heads, 1, 1});
    const bool bounded = m_.profile.metadata.find(m_.profile.architecture + ".kda.gate_lower_bound") != nullptr;
    if (!bounded) gate = g_.unary(gate);
    gate = g_.binary(g_.reshape(gate, {head, heads, tokens_, 1}), rate);
    if (bounded) gate = g_.unary(g_.unary(g_.unary(gate)));
    return g_.reshape(gate, {head, heads, m_.batch.tokens_each(), m_.batch.sequences});
  }

  TensorId linear_attention(TensorId a, std::size_t il) {
    const auto head = m_.number("kda.head_dim");
    const auto heads = m_.layer(0).heads;
    const auto sequences = m_.batch.sequences;
    const auto each = m_.batch.tokens_each();
    const auto convolution = m_.state_rows(il, true);
    auto query = convolved(a, convolution, "q", il);
    auto key = convolved(a, convolution, "k", il);
    const auto value = convolved(a, convolution, "v", il);
    const auto gate = decay(a, il);
    const auto beta = g_.unary(g_.reshape(g_.mul_mat(m_.weight(il, "ssm_beta"), a), {1, heads, each, sequences}));
    const auto state = g_.reshape(m_.state_rows(il, false), {head, head, heads, sequences});
    query = g_.unary(g_.unary(query));
    key = g_.unary(g_.unary(key));
    const auto fused = g_.make(Op::plain, f32, {times(head, heads), plus(tokens_, times(head, sequences)), 1, 1},
                               {query, key, value, gate, beta, state});
    const auto line = times(head, heads) * 4;
    auto output = g_.view(fused, {head, heads, each, sequences}, {head * 4, line, line * each});
    const auto next = g_.view(fused, {head, head, heads, sequences}, {head * 4, head * head * 4, head * line});
    const auto leaf = m_.state_leaf(il, false);
    g_.expand(g_.store(next, g_.view(leaf, {g_.extent(leaf, 0), sequences, 1, 1})));
    output = g_.reshape(g_.cont(output), {head, heads, tokens_, 1});
    auto open = g_.mul_mat(m_.weight(il, "ssm_g_b"), g_.mul_mat(m_.weight(il, "ssm_g_a"), a));
    open = g_.unary(g_.reshape(open, {head, heads, tokens_, 1}));
    const auto gated = g_.binary(m_.norm(output, il, "ssm_norm"), open);
    return g_.mul_mat(m_.weight(il, "attn_output"), g_.cont(gated, {times(head, heads), tokens_, 1, 1}));
  }

  /// The keys of the pools that are full by now, made of their members.
  TensorId pooled_keys(TensorId a, std::size_t il) {
    const auto size = m_.number("attention.indexer.key_length");
    const auto key = m_.norm(g_.mul_mat(m_.weight(il, "indexer.attn_k"), a), il, "indexer.k_norm", Norm::layer);
    const auto gate = g_.mul_mat(m_.weight(il, "indexer_compressor_gate"), a);
    const auto empty = g_.unary(g_.leaf(f32, {size, tokens_, 1, 1}, -1));
    g_.expand(m_.store_index_keys(g_.concat(g_.concat(key, gate, 0), empty, 0), il));
    const auto index = m_.index_cache(il);
    const auto all = g_.extent(index, 1) * g_.extent(index, 2);
    const auto part = [&](std::uint64_t width) {
      const auto stride = g_[index].strides[1];
      return g_.view(index, {width, all, 1, 1}, {stride, stride * all, stride * all});
    };
    const auto fresh = pools_.real;
    const auto members = m_.input("members of new pools", i32, {pools_.size, fresh, 1, 1});
    auto rows = g_.get_rows(part(2 * size), g_.reshape(members, {pools_.size * fresh, 1, 1, 1}));
    rows = g_.reshape(rows, {2 * size, pools_.size, fresh, 1});
    const auto half = [&] { return g_.view(rows, {size, pools_.size, fresh, 1}); };
    const auto turned = [&](TensorId b) { return g_.cont(g_.permute(b, {1, 0, 2, 3})); };
    const auto logits = turned(g_.binary(half(), m_.weight(il, "indexer_compressor_ape")));
    auto shares = g_.unary(g_.reshape(logits, {pools_.size, size * fresh, 1, 1}));
    shares = g_.binary(g_.reshape(shares, {pools_.size, size, fresh, 1}), turned(half()));
    auto pooled = g_.make(Op::plain, f32, {1, size, fresh, 1}, {shares});
    pooled = g_.reshape(pooled, {size, fresh, 1, 1});
    g_.expand(g_.store(pooled, part(size), {m_.input("cells of new pools", i64, {fresh, 1, 1, 1})}));
    return g_.reshape(g_.get_rows(part(size), pools_.cells), {size, 1, pools_.count, 1});
  }

  /// The cells of the keys of the best pools: {keys, tokens}.
  TensorId best_cells(TensorId query_rank, TensorId a, std::size_t il) {
    const auto size = m_.number("attention.indexer.key_length");
    const auto query = m_.heads(g_.mul_mat(m_.weight(il, "indexer.attn_q_b"), query_rank), size,
                                m_.number("attention.indexer.head_count"));
    const auto keys = pooled_keys(a, il);
    const auto weights = g_.unary(g_.mul_mat(m_.weight(il, "indexer.proj"), a));
    const auto scores = g_.make(Op::indexer, f32, {pools_.count, tokens_, 1, 1}, {query, keys, weights, pools_.mask});
    const auto used = pools_.used;
    const auto best = g_.make(Op::plain, i32, {used, tokens_, 1, 1}, {scores});
    const auto best_scores = g_.get_rows(g_.reshape(scores, {1, pools_.count, tokens_, 1}), best);
    const auto order = g_.make(Op::plain, i32, {used, tokens_, 1, 1}, {g_.reshape(best_scores, {used, tokens_, 1, 1})});
    auto sorted = g_.get_rows(g_.reshape(g_.cast(best, f32), {1, used, tokens_, 1}), order);
    sorted = g_.cast(g_.cont(g_.reshape(sorted, {used, tokens_, 1, 1})), i32);
    auto cells = g_.make(Op::get_rows, i32, {pools_.size, used * tokens_, 1, 1},
                         {pools_.members, g_.reshape(sorted, {used * tokens_, 1, 1, 1})});
    cells = g_.reshape(cells, {pools_.size * used, tokens_, 1, 1});
    return pools_.keys > pools_.size * used ? g_.concat(cells, pools_.tail, 0) : cells;
  }

  /// The mask of all keys but those in `cells`.
  TensorId mask_of(TensorId cells, TensorId mask) {
    const auto keys = pools_.keys;
    const auto all = g_.extent(mask, 0);
    const auto seed = g_.cast(g_.view(cells, {1, 1, 1, 1}), f32);
    const auto type = g_[mask].type;
    const auto masked_seed = g_.unary(type == f32 ? seed : g_.cast(seed, type));
    auto masked = g_.reshape(g_.repeat(masked_seed, {1, all + keys, tokens_, 1}), {1, all + keys, tokens_, 1});
    auto zeros = g_.repeat(g_.unary(seed), {1, keys, tokens_, 1});
    zeros = g_.reshape(zeros, {1, keys, tokens_, 1});
    const auto live = g_.unary(g_.reshape(pools_.gathered, {keys, tokens_, 1, 1}));
    const auto dump = g_.make(Op::plain, f32, {keys, 1, 1, 1}, {});
    auto places = g_.binary(g_.binary(g_.binary(g_.cast(cells, f32), dump), live), dump);
    places = g_.cast(places, i32);
    masked = g_.store(zeros, masked, {g_.reshape(places, {keys, tokens_, 1, 1})});
    const auto stride = g_[masked].strides[2];
    masked = g_.view(masked, {all, tokens_, 1, 1}, {stride, stride * tokens_, stride * tokens_});
    return g_.binary(masked, g_.reshape(mask, {all, tokens_, 1, 1}));
  }

  TensorId attend(TensorId a, std::size_t il) {
    const auto& facts = m_.layer(il);
    const auto rank = m_.profile.key_rank.value_or(0);
    const auto query_rank = m_.norm(g_.mul_mat(m_.weight(il, "attn_q_a"), a), il, "attn_q_a_norm");
    auto query = g_.mul_mat(m_.weight(il, "attn_q_b"), query_rank);
    query = m_.heads(query, m_.number("attention.key_length_mla"), facts.heads);
    auto key = m_.norm(g_.mul_mat(m_.weight(il, "attn_kv_a_mqa"), a), il, "attn_kv_a_norm");
    key = g_.reshape(key, {rank, 1, tokens_, 1});
    query = g_.mul_mat(m_.weight(il, "attn_k_b"), g_.permute(query, {0, 2, 1, 3}));
    query = g_.permute(query, {0, 2, 1, 3});
    const auto mask = m_.mask(il);
    if (facts.indexer_length != 0) {
      chosen_ = best_cells(query_rank, a, il);
      if (!pools_.gathers) chosen_ = mask_of(chosen_, mask);
    }
    g_.expand(query);
    g_.expand(key);
    g_.expand(m_.store_keys(key, il));
    const auto attended = pools_.gathers ? attend_to_gathered(query, mask, il) : attend_masked(query, mask, il);
    return g_.mul_mat(m_.weight(il, "attn_output"), attended);
  }

  TensorId attend_masked(TensorId query, TensorId mask, std::size_t il) {
    const auto keys = m_.cached_keys(il);
    const auto& info = g_[keys];
    const auto values = g_.view(keys, info.extents, {info.strides[1], info.strides[2], info.strides[3]});
    return m_.heads_attention(query, keys, values, g_.reshape(chosen_, g_[mask].extents), il,
                              {.project = false, .values_of = m_.weight(il, "attn_v_b")});
  }

  TensorId attend_to_gathered(TensorId query, TensorId mask, std::size_t il) {
    g_.expand(mask);
    const auto rank = g_.extent(query, 0);
    const auto heads = g_.extent(query, 1);
    const auto keys = pools_.keys;
    auto cached = m_.key_cache(il);
    const auto all = g_.extent(cached, 1) * g_.extent(cached, 2);
    const auto stride = g_[cached].strides[1];
    cached = g_.view(cached, {rank, all, 1, 1}, {stride, stride * all, stride * all});
    auto gathered = g_.get_rows(cached, g_.reshape(chosen_, {keys * tokens_, 1, 1, 1}));
    gathered = g_.reshape(gathered, {rank, keys, 1, tokens_});
    auto scores = g_.mul_mat(gathered, g_.permute(query, {0, 2, 3, 1}));
    scores = g_.like(Op::in_place, scores, {pools_.gathered});
    auto result = g_.mul_mat(g_.cont(g_.transpose(gathered)), scores);
    result = g_.mul_mat(m_.weight(il, "attn_v_b"), result);
    const auto width = g_.extent(result, 0);
    result = g_.cont(g_.permute(result, {0, 2, 1, 3}));
    return g_.reshape(result, {width * heads, tokens_, 1, 1});
  }

  ModelGraph& m_;
  TensorGraph& g_;
  HyperConnections hyper_;
  std::uint64_t tokens_;
  Pools pools_;
  TensorId chosen_ = no_tensor;  // by the last index: cells, or a mask
};

}  // namespace

void build_glm5_next(ModelGraph& model) { Glm5Next(model).build(); }

}  // namespace berth::plan
