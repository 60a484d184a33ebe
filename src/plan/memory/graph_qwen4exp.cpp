#include <algorithm>
#include <string>

#include "plan/memory/cache_bytes.h"
#include "plan/memory/hyper_connections.h"
#include "plan/memory/special_graphs.h"

namespace berth::plan {
namespace {

constexpr std::uint64_t most_taps = 64;
constexpr std::uint64_t most_members = 1024;

/// Gated residual streams, attention to blocks of keys that are chosen by their mean, and embeddings of n-grams.
class Qwen4Exp {
 public:
  explicit Qwen4Exp(ModelGraph& model)
      : m_(model),
        g_(model.graph),
        tokens_(model.batch.tokens),
        count_(std::clamp<std::uint64_t>(model.number("hyper_connection.count", 4), 1, most_residual_streams)),
        wide_(times(model.width(), count_)) {}

  void build() {
    const auto embedded = m_.embeddings();
    if (m_.global_input("per_layer_token_embd") != no_tensor) embed_ngrams();
    auto streams = g_.repeat(g_.reshape(embedded, {m_.width(), 1, tokens_, 1}), {m_.width(), count_, tokens_, 1});
    for (std::size_t il = 0; il < m_.layers(); ++il) streams = layer(streams, il);
    const auto normed = normed_flat(streams, m_.global("output_hc_norm"));
    const auto gate = gate_of(normed, m_.global("output_hc_down"), m_.global("output_hc_up"));
    const auto result = mean(normed, gate);
    auto table = m_.global("output");
    if (table == no_tensor) table = m_.global("token_embd");
    m_.finish(result, g_.mul_mat(table, result));
  }

 private:
  void embed_ngrams() {
    const auto heads = plus(m_.number("ple.ngram_size", 2), 0) - 1;
    const auto all = times(times(heads, m_.number("ple.heads_per_ngram")), tokens_);
    const auto rows = g_.get_rows(m_.global_input("per_layer_token_embd"), m_.input("n-grams", i32, {all, 1, 1, 1}));
    const auto width = tokens_ == 0 ? 0 : times(g_.extent(rows, 0), all / tokens_);
    ngrams_ = g_.reshape(rows, {width, tokens_, 1, 1});
    g_.expand(ngrams_);
  }

  struct Mix {
    TensorId input = no_tensor;
    TensorId inject = no_tensor;
  };

  TensorId normed_flat(TensorId streams, TensorId weight) {
    return g_.reshape(g_.binary(g_.unary(streams), weight), {wide_, g_.extent(streams, 2), 1, 1});
  }

  TensorId gate_of(TensorId normed, TensorId down, TensorId up) {
    return g_.mul_mat(up, g_.unary(g_.unary(g_.mul_mat(down, normed))));
  }

  TensorId wide(TensorId flat) { return g_.reshape(flat, {m_.width(), count_, g_.extent(flat, 1), 1}); }

  TensorId mean(TensorId normed, TensorId gate) {
    const auto tokens = g_.extent(normed, 1);
    const auto gated = wide(g_.binary(normed, g_.unary(gate)));
    const auto stride = wide_ * 4;
    const auto stream = [&] {
      return g_.view(gated, {m_.width(), tokens, 1, 1}, {stride, stride * tokens, stride * tokens});
    };
    auto sum = g_.cont(stream());
    for (std::uint64_t i = 1; i < count_; ++i) sum = g_.binary(sum, stream());
    return g_.unary(sum);
  }

  Mix mix(TensorId streams, std::size_t il, const std::string& part) {
    const auto role = [&](const char* name) { return m_.weight(il, "hc_" + part + name); };
    const auto normed = normed_flat(streams, role("_norm"));
    const auto gate = gate_of(normed, role("_down"), role("_up"));
    Mix result;
    if (m_.batch.fuses(Fused::hyper_pre)) {
      result.input = g_.make(Op::plain, f32, {m_.width(), g_.extent(normed, 1), 1, 1}, {wide(normed), wide(gate)});
      m_.fused_steps.push_back({result.input, il, Fused::hyper_pre});
    } else {
      result.input = mean(normed, gate);
    }
    result.inject = g_.mul_mat(role("_inject"), normed);
    return result;
  }

  TensorId combine(TensorId streams, TensorId result, TensorId inject, std::size_t il) {
    const auto weights = g_.unary(g_.unary(g_.unary(inject)));
    const auto extents = g_[streams].extents;
    if (m_.batch.fuses(Fused::hyper_post)) {
      const auto all = g_.make(Op::plain, f32, extents, {result, streams, weights});
      m_.fused_steps.push_back({all, il, Fused::hyper_post});
      return all;
    }
    const auto each = g_.reshape(weights, {1, count_, extents[2], 1});
    const auto wide_result = g_.repeat(g_.reshape(result, {m_.width(), 1, extents[2], 1}), extents);
    return g_.binary(streams, g_.binary(wide_result, each));
  }

  TensorId layer(TensorId streams, std::size_t il) {
    if (hash_state(m_.profile, il) != 0) streams = add_ngrams(streams, il);
    auto [input, inject] = mix(streams, il, "attn");
    g_.expand(input);
    auto current = m_.layer(il).recurrent ? m_.delta_net(input, il) : attend(input, il);
    if (il + 1 == m_.layers()) {
      current = m_.rows(current);
      inject = m_.rows(inject);
      const auto flat = m_.rows(g_.reshape(streams, {wide_, tokens_, 1, 1}));
      streams = wide(flat);
    }
    streams = combine(streams, current, inject, il);
    const auto [ffn_input, ffn_inject] = mix(streams, il, "ffn");
    streams = combine(streams, transform(ffn_input, il), ffn_inject, il);
    m_.pin_to_layer(streams, il);
    return streams;
  }

  TensorId transform(TensorId a, std::size_t il) {
    ExpertOptions options;
    options.normalised = true;
    options.count = m_.profile.experts;
    options.used = m_.layer(il).experts_used;
    const auto routed = m_.experts(a, il, options);
    const auto shared = m_.feed_forward(a, il, Activation::silu, "_shexp");
    return g_.binary(routed, g_.binary(shared, g_.unary(m_.linear(il, "ffn_gate_inp_shexp", a))));
  }

  std::uint64_t ratio(std::size_t il) const {
    const Value* ratios = m_.profile.metadata.find(m_.profile.architecture + ".attention.compress_ratios");
    if (ratios == nullptr) return 0;
    const auto* value = ratios;
    if (ratios->is_array()) value = il < ratios->as_array().size() ? &ratios->as_array()[il] : nullptr;
    return value != nullptr && value->is_int() && value->as_int() > 0
               ? std::min(static_cast<std::uint64_t>(value->as_int()), most_members)
               : 0;
  }

  TensorId attend(TensorId a, std::size_t il) {
    const auto& facts = m_.layer(il);
    const auto size = facts.key_length;
    const auto chosen = ratio(il) == 0 ? no_tensor : chosen_keys(a, il);
    const auto both = m_.linear(il, "attn_q", a);
    const auto line = size * 2 * facts.heads * 4;
    const auto half = [&] { return g_.view(both, {size, facts.heads, tokens_, 1}, {size * 8, line, line * tokens_}); };
    Projections qkv;
    qkv.query = m_.norm(half(), il, "attn_q_norm");
    qkv.key = m_.heads(m_.linear(il, "attn_k", a), size, facts.kv_heads);
    qkv.value = m_.heads(m_.linear(il, "attn_v", a), facts.value_length, facts.kv_heads);
    qkv.key = m_.norm(qkv.key, il, "attn_k_norm");
    const auto gate = g_.cont(half(), {size * facts.heads, tokens_, 1, 1});
    qkv.query = g_.rope(qkv.query, m_.positions());
    qkv.key = g_.rope(qkv.key, m_.positions());
    const auto attended = m_.attention(qkv, il, {.project = false, .chosen = chosen});
    return m_.linear(il, "attn_output", g_.binary(attended, g_.unary(gate)));
  }

  /// The keys of the blocks whose mean fits best.
  TensorId chosen_keys(TensorId a, std::size_t il) {
    const auto members = ratio(il);
    const auto size = m_.layer(il).indexer_length;
    const auto heads = m_.number("attention.indexer.head_count");
    const auto streams = m_.layout.context.streams;
    const auto each = tokens_ / streams;
    const auto cells = m_.layout.context.cells;
    const auto blocks = plus(cells, members - 1) / members;
    const auto named = [&](const char* name) { return std::string(name) + " by " + std::to_string(members); };
    g_.expand(m_.store_index_keys(m_.heads(m_.linear(il, "indexer.k_proj", a), size, 1), il));
    const auto keys = m_.index_cache(il);
    auto gathered = g_.get_rows(g_.view(keys, {size, cells, streams, 1}),
                                m_.input(named("cells of blocks"), i32, {members * blocks, streams, 1, 1}));
    gathered = g_.reshape(gathered, {size, members, blocks, streams});
    const auto strides = g_[gathered].strides;
    TensorId pooled = no_tensor;
    for (std::uint64_t i = 0; i < members; ++i) {
      const auto part =
          g_.cont(g_.view(gathered, {size, blocks, streams, 1}, {strides[2], strides[3], strides[3] * streams}));
      pooled = pooled == no_tensor ? part : g_.binary(pooled, part);
    }
    pooled = m_.norm(g_.reshape(g_.unary(pooled), {size, blocks * streams, 1, 1}), il, "indexer.k_norm");
    pooled = g_.rope(g_.reshape(pooled, {size, 1, blocks * streams, 1}),
                     m_.input(named("positions of blocks"), i32, {4 * blocks * streams, 1, 1, 1}));
    pooled = g_.reshape(pooled, {size, blocks, streams, 1});
    auto query = m_.norm(m_.heads(m_.linear(il, "indexer.q_proj", a), size, heads), il, "indexer.q_norm");
    query = g_.rope(query, m_.positions());
    auto scores = g_.mul_mat(pooled, g_.reshape(query, {size, heads * each, streams, 1}));
    scores = g_.unary(g_.reshape(scores, {blocks, heads, each, streams}));
    scores = sum_of_heads(scores);
    scores = g_.binary(scores, m_.input(named("bias of blocks"), f32, {blocks, each, streams, 1}));
    const auto turned = [&](TensorId b) { return g_.cont(g_.permute(b, {1, 0, 2, 3})); };
    auto of_cells =
        turned(g_.get_rows(turned(scores), m_.input(named("blocks of cells"), i32, {cells, streams, 1, 1})));
    auto mask = m_.mask(il);
    if (g_[mask].type != f32) mask = g_.cast(mask, f32);
    of_cells = g_.binary(of_cells, g_.reshape(mask, {cells, each, streams, 1}));
    const auto used = std::min(cells, plus(m_.number("attention.indexer.top_k"), members - 1));
    const auto best = g_.cont(g_.make(Op::plain, i32, {used, each, streams, 1}, {of_cells}));
    return g_.reshape(best, {used, each, 1, streams});
  }

  TensorId sum_of_heads(TensorId scores) {
    const auto [blocks, heads, tokens, streams] = g_[scores].extents;
    const auto strides = g_[scores].strides;
    const auto head = [&, blocks = blocks, tokens = tokens, streams = streams] {
      return g_.view(scores, {blocks, tokens, streams, 1}, {strides[2], strides[3], strides[3] * streams});
    };
    auto sum = g_.cont(head());
    for (std::uint64_t i = 1; i < std::min(heads, most_members); ++i) sum = g_.binary(sum, head());
    return sum;
  }

  TensorId grouped_norm(TensorId a, TensorId weight) {
    return g_.binary(g_.unary(g_.reshape(a, {m_.width(), count_, tokens_, 1})), weight);
  }

  TensorId add_ngrams(TensorId streams, std::size_t il) {
    auto key = g_.mul_mat(m_.weight(il, "ple_key"), ngrams_);
    const auto value = g_.mul_mat(m_.weight(il, "ple_value"), ngrams_);
    key = grouped_norm(key, m_.weight(il, "ple_norm_key"));
    const auto query = grouped_norm(streams, m_.weight(il, "ple_norm_query"));
    const auto score = g_.unary(g_.make(Op::plain, f32, {1, count_, tokens_, 1}, {g_.binary(key, query)}));
    const auto magnitude = g_.unary(g_.unary(g_.unary(score)));
    const auto gate = g_.unary(g_.binary(g_.unary(score), magnitude));
    const auto repeated = g_.repeat(g_.reshape(value, {m_.width(), 1, tokens_, 1}), {m_.width(), count_, tokens_, 1});
    const auto gated = g_.binary(repeated, gate);
    auto normed = grouped_norm(g_.reshape(gated, {wide_, tokens_, 1, 1}), m_.weight(il, "ple_norm_conv"));
    normed = g_.reshape(normed, {wide_, tokens_, 1, 1});
    const auto convolved = convolve(normed, il);
    return g_.binary(streams, g_.binary(gated, convolved));
  }

  TensorId convolve(TensorId a, std::size_t il) {
    const auto taps = std::min(m_.number("ple.conv_kernel", 1), most_taps);
    const auto history = wide_ == 0 ? 0 : hash_state(m_.profile, il) / wide_;
    const auto sequences = m_.batch.sequences;
    const auto each = m_.batch.tokens_each();
    const auto leaf = g_.leaf(f32, {history * wide_, m_.layout.context.sequences, 1, 1}, m_.layout.cache_backend(il));
    const auto states = g_.reshape(m_.state_rows(leaf), {history, wide_, sequences, 1});
    const auto window = g_.concat(states, g_.transpose(g_.reshape(a, {wide_, each, sequences, 1})), 0);
    const auto last = g_.cont(g_.view(window, {history, wide_, sequences, 1}));
    g_.expand(g_.store(last, g_.view(leaf, {history * wide_, sequences, 1, 1})));
    TensorId sum = no_tensor;
    for (std::uint64_t i = 0; i < taps; ++i) {
      const auto shifted = g_.cont(g_.transpose(g_.view(window, {each, wide_, sequences, 1})));
      auto weights = g_.cont(g_.view(m_.weight(il, "ple_conv1d"), {1, wide_, 1, 1}));
      weights = g_.reshape(weights, {wide_, 1, 1, 1});
      if (g_[weights].type != f32) weights = g_.cast(weights, f32);
      const auto part = g_.binary(shifted, weights);
      sum = sum == no_tensor ? part : g_.binary(sum, part);
    }
    return g_.reshape(g_.cont(g_.unary(sum)), {m_.width(), count_, tokens_, 1});
  }

  ModelGraph& m_;
  TensorGraph& g_;
  std::uint64_t tokens_;
  std::uint64_t count_;
  std::uint64_t wide_;
  TensorId ngrams_ = no_tensor;
};

}  // namespace

void build_qwen4exp(ModelGraph& model) { Qwen4Exp(model).build(); }

}  // namespace berth::plan
