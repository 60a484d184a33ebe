#include "plan/placement/layer_modules.h"

#include <algorithm>
#include <array>

#include "plan/placement/name_parts.h"

namespace berth::plan {
namespace {

constexpr std::array<std::string_view, 7> attention_modules = {
    "self_attn", "attn", "attention", "self_attention", "SelfAttention", "EncDecAttention", "mixer"};
/// With a state instead of keys; a mixer may be either.
constexpr std::array<std::string_view, 5> recurrent_modules = {"mamba", "conv", "temporal_block", "linear_attn",
                                                               "mixer"};
constexpr std::array<std::string_view, 6> feed_forward_modules = {"mlp", "feed_forward",     "ffn",
                                                                  "moe", "block_sparse_moe", "DenseReluDense"};
constexpr std::array<std::string_view, 2> shared_experts = {"shared_expert", "shared_experts"};
/// Of BERT and its kin.
constexpr std::array<std::string_view, 2> holders_in_layer = {"intermediate", "output"};
constexpr std::array<std::string_view, 4> holders_in_attention = {"self", "output", "attn", "attention"};

constexpr std::array<std::string_view, 14> usual_names = {"self_attn",
                                                          "self_attn.q_proj",
                                                          "self_attn.k_proj",
                                                          "self_attn.v_proj",
                                                          "self_attn.o_proj",
                                                          "mlp",
                                                          "mlp.gate_proj",
                                                          "mlp.up_proj",
                                                          "mlp.down_proj",
                                                          "attn",
                                                          "input_layernorm",
                                                          "ln_1",
                                                          "ln_2",
                                                          "post_attention_layernorm"};

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_attention_module(std::string_view name) {
  return is_among(name, attention_modules) || is_among(name, recurrent_modules);
}

std::vector<std::string_view> parts_of_name(std::string_view name) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= name.size();) {
    const auto end = std::min(name.find('.', begin), name.size());
    parts.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// Of a role without the stack that it is in: "dec.attn_q" is "attn_q".
std::string_view without_stack(std::string_view role) {
  return role.starts_with("enc.") || role.starts_with("dec.") ? role.substr(4) : role;
}

bool is_norm_of_block(std::string_view role) {
  return role.ends_with("norm") && role != "attn_q_norm" && role != "attn_k_norm" && !role.starts_with("attn_kv_") &&
         role != "attn_q_a_norm" && !role.starts_with("ssm_");
}

bool is_feed_forward(std::string_view role) {
  return (role.starts_with("ffn_") || role.starts_with("exp_probs") || role.starts_with("channel_mix")) &&
         !is_norm_of_block(role);
}

bool is_attention(std::string_view role) { return !is_norm_of_block(role) && !is_feed_forward(role); }

bool has_state(std::string_view role) { return role.starts_with("ssm_") || role.starts_with("shortconv."); }

}  // namespace

bool is_layer_path(std::string_view module) {
  const auto parts = parts_of_name(module);
  const auto first = parts.front();
  const bool in_attention = is_attention_module(first);
  const bool in_feed_forward = is_among(first, feed_forward_modules);
  if (parts.size() > 1 && !in_attention && !in_feed_forward && !is_among(first, holders_in_layer)) return false;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto part = parts[i];
    const bool is_last = i + 1 == parts.size();
    const bool is_whole = is_among(part, attention_modules) || is_among(part, feed_forward_modules);
    const bool in_holder = i == 1 && first == "attention" && is_among(part, holders_in_attention);
    const bool of_experts = in_feed_forward && (part == "experts" || is_among(part, shared_experts) ||
                                                (is_number(part) && parts[i - 1] == "experts"));
    if (is_last ? is_whole && !in_holder : !in_holder && !of_experts) return false;
  }
  return true;
}

bool is_meant(std::string_view role, std::string_view asked, std::string_view module) {
  role = without_stack(role);
  const auto last = last_of(module);
  if (last == "EncDecAttention") return role.starts_with("cross_attn");
  if (is_attention_module(last)) return is_attention(role);
  if (is_among(last, feed_forward_modules)) return is_feed_forward(role);
  if (last == "experts") return role.ends_with("_exps");
  if (is_among(last, shared_experts)) return role.ends_with("_shexp");
  return role == asked;
}

bool can_hold(std::string_view module, std::span<const std::string_view> roles) {
  const auto first = module.substr(0, module.find('.'));
  const auto is_below = [&](std::string_view role) {
    role = without_stack(role);
    if (is_attention_module(first)) return !is_feed_forward(role);
    if (is_among(first, feed_forward_modules)) return !is_attention(role);
    return first != module || is_norm_of_block(role) || first == "fc1" || first == "fc2" || last_of(role) == module;
  };
  if (!std::ranges::all_of(roles, is_below)) return false;
  if (first != module || first == "mixer") return true;
  if (is_among(first, recurrent_modules)) return std::ranges::any_of(roles, has_state);
  return !is_among(first, attention_modules) || !std::ranges::all_of(roles, has_state);
}

std::vector<std::string_view> other_roles(std::string_view asked, std::string_view module) {
  if (asked == "attn_q" || asked == "attn_k" || asked == "attn_v") return {"attn_qkv"};
  if (asked == "attn_qkv") return {"attn_q", "attn_k", "attn_v"};
  if (asked == "ffn_gate") return {"ffn_up"};
  if (asked.starts_with("ffn_gate.")) return {"ffn_gate_exps", "ffn_gate_up_exps"};
  if (asked.starts_with("ffn_up.")) return {"ffn_up_exps", "ffn_gate_up_exps"};
  if (asked.starts_with("ffn_down.")) return {"ffn_down_exps"};
  if (asked == "ffn_gate_up_exps") return {"ffn_gate_exps", "ffn_up_exps"};
  if (asked == "ffn_norm" && last_of(module) == "post_attention_layernorm")
    return {"post_attention_norm", "attn_post_norm"};
  if (asked == "ffn_norm") return {"attn_norm"};
  return {};
}

std::span<const std::string_view> usual_layer_names() { return usual_names; }

}  // namespace berth::plan
