#include <algorithm>
#include <string>

#include "plan/memory/decoders.h"

namespace berth::plan {
namespace {

class DecoderBuilder {
 public:
  DecoderBuilder(ModelGraph& model, const Decoder& decoder) : m_(model), g_(model.graph), d_(decoder) {
    if (d_.architecture == "gptneox" && !m_.is_set("use_parallel_residual")) residual_ = Residual::sequential;
    if (d_.architecture == "stablelm" && !m_.profile.layers.empty() && m_.weight(0, "ffn_norm") == no_tensor)
      residual_ = Residual::beside;
    if (d_.architecture == "cohere2moe" && m_.is_set("attention.layer_norm_rms_epsilon")) norm_ = Norm::rms;
  }

  void build() {
    auto current = embed();
    for (std::size_t il = 0; il < m_.layers(); ++il) {
      current = layer(current, il);
      if (ends_loop(il)) current = normed(current, m_.global(output_norm()), no_tensor, il);
    }
    if (d_.rows_at_end) {
      g_.set_output(current);
      current = m_.rows(current);
    }
    current = normed(current, m_.global(output_norm()), m_.global(output_norm(), "bias"), std::nullopt);
    auto embedding = current;
    if (d_.rows_behind_norm) {
      g_.set_output(current);
      embedding = current = m_.rows(current);
    }
    const bool without_logits = d_.encodes || (is_lfm2() && m_.layout.context.embeddings);
    m_.finish(embedding, without_logits ? no_tensor : logits(current));
  }

 private:
  /// Whether the engine goes on with the first layer of the file once more, behind a norm.
  bool ends_loop(std::size_t il) const {
    return il + 1 < m_.layers() && m_.layer(il + 1).weights_of == 0U && !m_.is_set("skip_loop_final_norm");
  }

  bool is_lfm2() const { return d_.architecture.starts_with("lfm2"); }

  std::string_view output_norm() const {
    if (is_lfm2()) return "token_embd_norm";
    return d_.architecture == "neo-bert" ? "enc.output_norm" : "output_norm";
  }

  TensorId embed() {
    auto current = m_.embeddings();
    if (d_.scales_embeddings || m_.is_set("embedding_scale")) {
      current = g_.unary(current);
      if (!d_.scales_query && !d_.gates_attention)
        g_.expand(current);  // a part of the embedding where it is the metadata's
    }
    if (const auto table = m_.global_input("position_embd"); table != no_tensor)
      current = g_.binary(current, g_.get_rows(table, m_.positions()));
    if (is_lfm2() || m_.layers() == 0) return current;
    const auto first = m_.layout.layer_backend.front();
    const auto weight = m_.weight("token_embd_norm.weight", first);
    return weight == no_tensor ? current : m_.norm(current, weight, m_.weight("token_embd_norm.bias", first), norm_, 0);
  }

  TensorId normed(TensorId a, TensorId weight, TensorId bias, std::optional<std::size_t> il) {
    if (weight == no_tensor && bias == no_tensor && !d_.norms_without_weights) return a;
    return m_.norm(a, weight, bias, norm_, il);
  }
  TensorId normed(TensorId a, std::size_t il, std::string_view role) {
    return normed(a, m_.weight(il, role), m_.weight(il, role, "bias"), il);
  }

  TensorId logits(TensorId current) {
    if (d_.architecture == "minicpm3") current = g_.unary(current);
    auto table = m_.global("output");
    if (table == no_tensor) table = m_.global("token_embd");
    auto result = g_.mul_mat(table, current);
    result = g_.binary(result, m_.global("output", "scale"));
    result = g_.binary(result, m_.global("output", "bias"));
    int steps = d_.logit_steps;
    if (d_.architecture == "gemma3" && m_.is_set("final_logit_softcapping")) steps = 3;
    if ((d_.architecture == "command-r" || d_.architecture == "granitehybrid") && !m_.is_set("logit_scale")) steps = 0;
    for (int i = 0; i < steps; ++i) result = g_.unary(result);
    if (d_.architecture == "chameleon") {  // no tokens of images
      constexpr std::uint64_t tokens_of_images = 8192;
      const auto least = g_.unary(g_.leaf(f32, {tokens_of_images, 1, 1, 1}, -1));
      result = g_.make(Op::plain, f32, g_[result].extents, {result, least});
    }
    return result;
  }

  bool rotates(std::size_t il) const {
    switch (d_.rotary) {
      case Rotary::all:
        if (d_.architecture == "baichuan" && m_.layers() != 32) return false;
        break;
      case Rotary::none:
        return false;
      case Rotary::windowed:
        return m_.layer(il).window != 0 ||
               (d_.architecture == "cohere2moe" && il < m_.number("leading_dense_block_count"));
      case Rotary::not_each_nth:
        return (il + 1) % 4 != 0 || !has_windows_rule();
      case Rotary::windowed_or_without_windows:
        return m_.layer(il).window != 0 ||
               std::ranges::none_of(m_.profile.layers, [](const auto& each) { return each.window != 0; });
    }
    const Value* finetuned = m_.profile.metadata.find(m_.profile.architecture + ".rope.scaling.finetuned");
    if (d_.architecture.starts_with("granite") && finetuned != nullptr && finetuned->is_bool())
      return finetuned->as_bool();
    return true;
  }
  bool has_windows_rule() const {
    return d_.architecture != "llama4" ||
           std::ranges::any_of(m_.profile.layers, [](const auto& each) { return each.window != 0; });
  }

  TensorId head_norm(TensorId a, std::size_t il, std::string_view role) {
    return m_.weight(il, role) == no_tensor ? a : m_.norm(a, il, role, d_.head_norm_kind);
  }

  Projections projections(TensorId a, std::size_t il, TensorId& gate) {
    const auto& facts = m_.layer(il);
    if (d_.gates_query) return gated_query(a, il, gate);
    const bool of_all = d_.head_norm == HeadNorm::of_all_heads && m_.weight(il, "attn_q_norm") != no_tensor;
    auto qkv = m_.project(a, il, !of_all);
    if (of_all) {
      qkv.query = m_.heads(head_norm(qkv.query, il, "attn_q_norm"), facts.key_length, facts.heads);
      qkv.key = m_.heads(head_norm(qkv.key, il, "attn_k_norm"), facts.key_length, facts.kv_heads);
      qkv.value = m_.heads(qkv.value, facts.value_length, facts.kv_heads);
    } else if (d_.head_norm == HeadNorm::before_rotation) {
      qkv.query = head_norm(qkv.query, il, "attn_q_norm");
      qkv.key = head_norm(qkv.key, il, "attn_k_norm");
    }
    return qkv;
  }

  Projections gated_query(TensorId a, std::size_t il, TensorId& gate) {
    const auto& facts = m_.layer(il);
    auto qkv = m_.project(a, il, false, 2);
    const auto size = facts.key_length;
    const auto line = size * 2 * facts.heads * 4;
    const auto part = [&] {
      return g_.view(qkv.query, {size, facts.heads, m_.batch.tokens, 1}, {size * 8, line, line * m_.batch.tokens});
    };
    gate = part();
    Projections result;
    result.query = head_norm(part(), il, "attn_q_norm");
    result.key = head_norm(m_.heads(qkv.key, size, facts.kv_heads), il, "attn_k_norm");
    result.value = m_.heads(qkv.value, facts.value_length, facts.kv_heads);
    gate = g_.cont(gate, {size * facts.heads, m_.batch.tokens, 1, 1});
    return result;
  }

  TensorId attend(TensorId a, std::size_t il) {
    if (m_.weight(il, "attn_kv_a_mqa") != no_tensor) {
      if (!d_.gates_attention) return m_.latent_attention(a, il);
      const auto attended = m_.latent_attention(a, il, false);
      return apply_gate(attended, m_.linear(il, "attn_gate", a), il);
    }
    const auto& facts = m_.layer(il);
    if (facts.heads > 0 && facts.kv_heads == 0 && d_.architecture == "deci") return m_.linear(il, "attn_output", a);
    if (facts.heads == 0 || facts.kv_heads == 0) return no_tensor;
    TensorId gate = no_tensor;
    auto qkv = projections(a, il, gate);
    if (rotates(il)) {
      qkv.query = m_.rope(qkv.query, il);
      qkv.key = m_.rope(qkv.key, il);
      if (d_.head_norm == HeadNorm::plain_after) {
        qkv.query = g_.unary(qkv.query);
        qkv.key = g_.unary(qkv.key);
      }
    } else if (d_.architecture == "llama4") {
      qkv.query = g_.binary(qkv.query, m_.attention_scale());
    }
    if (d_.head_norm == HeadNorm::after_rotation) {
      qkv.key = head_norm(qkv.key, il, "attn_k_norm");
      qkv.query = head_norm(qkv.query, il, "attn_q_norm");
    }
    if (d_.scales_query) qkv.query = g_.unary(qkv.query);
    if (d_.architecture == "mistral3" && m_.is_set("attention.temperature_scale"))
      qkv.query = g_.binary(qkv.query, m_.attention_scale());
    if (d_.gates_attention && m_.weight(il, "attn_gate") != no_tensor) gate = m_.linear(il, "attn_gate", a);
    if (d_.architecture == "llama-embed")
      return m_.attention_without_cache(qkv, il, {});  // it has a cache all the same
    if (is_block_sparse(il)) return attend_to_blocks(qkv, a, il);
    const bool normed_apart = m_.weight(il, "attn_sub_norm") != no_tensor;
    const bool project = gate == no_tensor && !normed_apart;
    const auto result = m_.attention(qkv, il, {.project = project, .extra_score_steps = d_.score_steps});
    if (normed_apart) return m_.linear(il, "attn_output", m_.norm(result, il, "attn_sub_norm"), true);
    return gate == no_tensor ? result : apply_gate(result, gate, il);
  }

  /// The engine needs flash attention and a stream for each sequence for it.
  bool is_block_sparse(std::size_t il) const {
    return m_.layer(il).indexer_length != 0 && m_.batch.flash_attention &&
           (m_.batch.sequences == 1 || !m_.layout.context.unified);
  }

  TensorId attend_to_blocks(const Projections& qkv, TensorId a, std::size_t il) {
    const auto size = m_.layer(il).indexer_length;
    auto query = m_.heads(m_.linear(il, "indexer.q_proj", a), size, m_.number("attention.indexer.head_count"));
    auto key = m_.heads(m_.linear(il, "indexer.k_proj", a), size, 1);
    query = m_.rope(m_.norm(query, il, "indexer.q_norm"), il);
    key = m_.rope(m_.norm(key, il, "indexer.k_norm"), il);
    return m_.block_attention(qkv, query, key, il);
  }

  TensorId apply_gate(TensorId attended, TensorId gate, std::size_t il) {
    const auto& facts = m_.layer(il);
    gate = g_.unary(gate);
    const auto width = g_.extent(attended, 0);
    if (g_.extent(gate, 0) == facts.heads && width > facts.heads) {
      const auto split = g_.reshape(attended, {width / facts.heads, facts.heads, m_.batch.tokens, 1});
      attended = g_.binary(split, g_.reshape(gate, {1, facts.heads, m_.batch.tokens, 1}));
      attended = g_.reshape(attended, {width, m_.batch.tokens, 1, 1});
    } else {
      attended = g_.binary(attended, gate);
    }
    return m_.linear(il, "attn_output", attended, true);
  }

  TensorId recur(TensorId a, std::size_t il) {
    if (m_.weight(il, "shortconv.in_proj") != no_tensor) return m_.short_convolution(a, il);
    if (d_.architecture.starts_with("qwen3")) return m_.delta_net(a, il);
    if (d_.architecture == "mamba" || d_.architecture == "jamba") return m_.mamba(a, il);
    return m_.mamba2(a, il);
  }

  TensorId mix(TensorId a, TensorId input, std::size_t il) {
    const auto& facts = m_.layer(il);
    if (facts.recurrent && facts.attention) {
      const auto attended = attend(a, il);
      return g_.binary(attended, m_.mamba2(normed(input, il, "attn_norm"), il));
    }
    return facts.recurrent ? recur(a, il) : attend(a, il);
  }

  ExpertOptions expert_options(std::size_t il) const {
    ExpertOptions options;
    options.activation = d_.expert_activation;
    options.gating = d_.gating;
    options.normalised = d_.experts_normalised_by_metadata ? m_.is_set("expert_weights_norm") : d_.experts_normalised;
    options.scaled = m_.scales_experts();
    options.weighted_before = d_.weighted_before;
    options.logits = router_;
    options.count = m_.profile.experts;
    options.used = m_.layer(il).experts_used;
    return options;
  }

  TensorId shared_experts(TensorId a, std::size_t il) {
    if (m_.weight(il, "ffn_up_shexp") == no_tensor) return no_tensor;
    const auto activation = d_.architecture == "granite_swa" ? Activation::packed : d_.activation;
    if (d_.shared == Shared::added) return m_.feed_forward(a, il, activation, "_shexp");
    auto gate = m_.linear(il, "ffn_gate_inp_shexp", a);
    if (d_.shared == Shared::gated_by_ratio) gate = g_.binary(g_.unary(gate), gate);
    const auto result = m_.feed_forward(a, il, activation, "_shexp");
    if (d_.shared == Shared::gated) gate = g_.unary(gate);
    return g_.binary(result, gate);
  }

  TensorId transform(TensorId a, TensorId residual, std::size_t il) {
    if (!m_.layer(il).experts) return m_.feed_forward(a, il, d_.activation);
    if (d_.architecture == "arctic") {
      const auto dense = g_.binary(m_.feed_forward(a, il, d_.activation), residual);
      return g_.binary(m_.experts(normed(arctic_input_, il, "ffn_norm_exps"), il, expert_options(il)), dense);
    }
    if (d_.shared_first) {
      const auto shared = shared_experts(a, il);
      return g_.binary(m_.experts(a, il, expert_options(il)), shared);
    }
    auto options = expert_options(il);
    auto routed_input = a;
    if (m_.weight(il, "ffn_latent_down") != no_tensor) routed_input = m_.linear(il, "ffn_latent_down", a);
    if (routed_input != a) options.logits = m_.linear(il, "ffn_gate_inp", a);
    auto routed = m_.experts(routed_input, il, options);
    if (routed_input != a) routed = m_.linear(il, "ffn_latent_up", routed);
    if (d_.architecture == "grok" && m_.weight(il, "ffn_up") != no_tensor)
      return g_.unary(g_.binary(m_.feed_forward(a, il, d_.activation), routed));
    return g_.binary(routed, shared_experts(a, il));
  }

  bool has_feed_forward(std::size_t il) const { return m_.layer(il).dense || m_.layer(il).experts; }

  TensorId layer(TensorId input, std::size_t il) {
    const bool last = il + 1 == m_.layers() && !d_.rows_at_end && !d_.rows_behind_norm && !d_.all_rows;
    const bool one_part = d_.architecture.starts_with("nemotron_h");
    auto residual = input;
    arctic_input_ = input;
    router_ = d_.architecture == "smallthinker" ? m_.linear(il, "ffn_gate_inp", input) : no_tensor;
    const bool norms_behind = d_.architecture == "chameleon" && m_.is_set("swin_norm");
    auto current = norms_behind ? input : normed(input, il, "attn_norm");
    if (one_part && !m_.layer(il).attention && !m_.layer(il).recurrent)
      return g_.binary(transform(current, residual, il), residual);
    if (d_.gates_query) g_.expand(current);
    auto beside = current;
    if (residual_ == Residual::beside) {
      if (m_.weight(il, "attn_norm_2") != no_tensor) current = normed(input, il, "attn_norm_2");
    }
    current = mix(current, input, il);
    if (current == no_tensor) current = residual;
    const bool rows_of_sum = last && m_.layer(il).attention && m_.layer(il).recurrent;
    if (last && !rows_of_sum) {
      current = m_.rows(current);
      residual = m_.rows(residual);
      arctic_input_ = residual;
      router_ = m_.rows(router_);
      if (residual_ == Residual::beside) beside = m_.rows(beside);
    }
    if (one_part) return g_.binary(current, residual);
    if (residual_ == Residual::beside || residual_ == Residual::beside_own_norm) {
      if (residual_ == Residual::beside_own_norm) beside = normed(residual, il, "ffn_norm");
      auto both = transform(beside, residual, il);
      if (d_.architecture == "phi2") return g_.binary(g_.binary(current, both), residual);
      const bool residual_first = d_.architecture == "command-r" || d_.architecture.starts_with("cohere2") ||
                                  residual_ == Residual::beside_own_norm;
      both = g_.binary(both, residual_first ? residual : current);
      return g_.binary(both, residual_first ? current : residual);
    }
    if (d_.post_norms) current = normed(current, il, "post_attention_norm");
    if (norms_behind) current = normed(current, il, "attn_norm");
    if (d_.scales_parts && (d_.architecture.starts_with("minicpm") || m_.is_set("residual_scale")))
      current = g_.unary(current);
    auto middle = sum(current, residual, d_.residual_first || d_.architecture == "openelm");
    if (rows_of_sum) middle = m_.rows(middle);
    if (!has_feed_forward(il)) return middle;
    current = norms_behind ? middle : normed(middle, il, d_.feed_forward_norm);
    current = transform(current, middle, il);
    if (norms_behind) current = normed(current, il, "ffn_norm");
    if (d_.architecture == "arctic") return current;
    if (d_.post_norms) current = post_norm(current, il);
    if (d_.scales_parts && (d_.architecture.starts_with("minicpm") || m_.is_set("residual_scale")))
      current = g_.unary(current);
    return sum(current, middle, d_.residual_first || d_.residual_first_behind_ffn);
  }

  TensorId sum(TensorId part, TensorId residual, bool residual_first) {
    return residual_first ? g_.binary(residual, part) : g_.binary(part, residual);
  }

  TensorId post_norm(TensorId a, std::size_t il) {
    for (const std::string_view role : {"post_ffw_norm", "layer_output_norm"})
      if (m_.weight(il, role) != no_tensor) return m_.norm(a, m_.weight(il, role), no_tensor, norm_, std::nullopt);
    return a;
  }

  ModelGraph& m_;
  TensorGraph& g_;
  const Decoder& d_;
  Residual residual_ = d_.residual;
  Norm norm_ = d_.norm;
  TensorId arctic_input_ = no_tensor;
  TensorId router_ = no_tensor;  // what it says, where that is computed before the attention
};

}  // namespace

void build_decoder(ModelGraph& model, const Decoder& decoder) { DecoderBuilder(model, decoder).build(); }

}  // namespace berth::plan
