#include "model/hf_role.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace berth::model {
namespace {

struct RoleName {
  std::string_view name;  // its end
  std::string_view role;
};

/// Within a layer. The first that fits.
constexpr std::array layer_roles = std::to_array<RoleName>({
    {"EncDecAttention.q", "cross_attn_q"},
    {"EncDecAttention.k", "cross_attn_k"},
    {"EncDecAttention.v", "cross_attn_v"},
    {"EncDecAttention.o", "cross_attn_output"},
    {"encoder_attn.q_proj", "cross_attn_q"},
    {"encoder_attn.k_proj", "cross_attn_k"},
    {"encoder_attn.v_proj", "cross_attn_v"},
    {"encoder_attn.out_proj", "cross_attn_output"},
    {"SelfAttention.q", "attn_q"},
    {"SelfAttention.k", "attn_k"},
    {"SelfAttention.v", "attn_v"},
    {"SelfAttention.o", "attn_output"},
    {"SelfAttention.relative_attention_bias", "attn_rel_b"},
    {"attn.q_proj", "attn_q"},
    {"attn.k_proj", "attn_k"},
    {"attn.v_proj", "attn_v"},
    {"attn.o_proj", "attn_output"},
    {"attn.out_proj", "attn_output"},
    {"self_attn.dense", "attn_output"},
    {"attn.qkv_proj", "attn_qkv"},
    {"attn.W_pack", "attn_qkv"},
    {"attn.c_attn", "attn_qkv"},
    {"attn.c_proj", "attn_output"},
    {"attention.query_key_value", "attn_qkv"},
    {"attention.dense", "attn_output"},
    {"attention.self.query", "attn_q"},
    {"attention.self.key", "attn_k"},
    {"attention.self.value", "attn_v"},
    {"attention.output.dense", "attn_output"},
    {"attention.output.LayerNorm", "attn_output_norm"},
    {"attention.q_lin", "attn_q"},
    {"attention.k_lin", "attn_k"},
    {"attention.v_lin", "attn_v"},
    {"attention.out_lin", "attn_output"},
    {"attention.attn.q", "attn_q"},
    {"attention.attn.k", "attn_k"},
    {"attention.attn.v", "attn_v"},
    {"attention.attn.o", "attn_output"},
    {"attention.attention.query", "attn_q"},
    {"attention.attention.key", "attn_k"},
    {"attention.attention.value", "attn_v"},
    {"mixer.q_proj", "attn_q"},
    {"mixer.k_proj", "attn_k"},
    {"mixer.v_proj", "attn_v"},
    {"mixer.o_proj", "attn_output"},
    {"attention.wqkv", "attn_qkv"},
    {"attention.wo", "attn_output"},
    {"attn.q_norm", "attn_q_norm"},
    {"attn.q_layernorm", "attn_q_norm"},
    {"attn.k_layernorm", "attn_k_norm"},
    {"attn.k_norm", "attn_k_norm"},
    {"attn.q_a_proj", "attn_q_a"},
    {"attn.q_b_proj", "attn_q_b"},
    {"attn.q_a_layernorm", "attn_q_a_norm"},
    {"attn.kv_a_proj_with_mqa", "attn_kv_a_mqa"},
    {"attn.kv_a_layernorm", "attn_kv_a_norm"},
    {"attn.kv_b_proj", "attn_kv_b"},
    {"attn.sinks", "attn_sinks"},
    {"shared_expert.gate_proj", "ffn_gate_shexp"},
    {"shared_expert.up_proj", "ffn_up_shexp"},
    {"shared_expert.down_proj", "ffn_down_shexp"},
    {"shared_experts.gate_proj", "ffn_gate_shexp"},
    {"shared_experts.up_proj", "ffn_up_shexp"},
    {"shared_experts.down_proj", "ffn_down_shexp"},
    {"experts.gate_up_proj", "ffn_gate_up_exps"},
    {"experts.gate_proj", "ffn_gate_exps"},
    {"experts.up_proj", "ffn_up_exps"},
    {"experts.down_proj", "ffn_down_exps"},
    {"experts.gate_up_proj_bias", "ffn_gate_up_exps"},
    {"experts.down_proj_bias", "ffn_down_exps"},
    {"experts.gate_up_proj_blocks", "ffn_gate_up_exps"},
    {"experts.gate_up_proj_scales", "ffn_gate_up_exps"},
    {"experts.down_proj_blocks", "ffn_down_exps"},
    {"experts.down_proj_scales", "ffn_down_exps"},
    {"shared_expert_gate", "ffn_gate_inp_shexp"},
    {"block_sparse_moe.gate", "ffn_gate_inp"},
    {"mlp.gate", "ffn_gate_inp"},
    {"mlp.router", "ffn_gate_inp"},
    {"feed_forward.router", "ffn_gate_inp"},
    {"mixer.in_proj", "ssm_in"},
    {"mamba.in_proj", "ssm_in"},
    {"mixer.conv1d", "ssm_conv1d"},
    {"mamba.conv1d", "ssm_conv1d"},
    {"mixer.x_proj", "ssm_x"},
    {"mamba.x_proj", "ssm_x"},
    {"mixer.dt_proj", "ssm_dt"},
    {"mamba.dt_proj", "ssm_dt"},
    {"mixer.dt_bias", "ssm_dt"},
    {"mamba.dt_bias", "ssm_dt"},
    {"mixer.A_log", "ssm_a"},
    {"mamba.A_log", "ssm_a"},
    {"mixer.D", "ssm_d"},
    {"mamba.D", "ssm_d"},
    {"mixer.norm", "ssm_norm"},
    {"mamba.norm", "ssm_norm"},
    {"mixer.out_proj", "ssm_out"},
    {"mamba.out_proj", "ssm_out"},
    {"mamba.dt_layernorm", "ssm_dt_norm"},
    {"mamba.b_layernorm", "ssm_b_norm"},
    {"mamba.c_layernorm", "ssm_c_norm"},
    {"conv.in_proj", "shortconv.in_proj"},
    {"conv.conv", "shortconv.conv"},
    {"conv.out_proj", "shortconv.out_proj"},
    {"feed_forward.w1", "ffn_gate"},
    {"feed_forward.w2", "ffn_down"},
    {"feed_forward.w3", "ffn_up"},
    {"gate_up_proj", "ffn_up"},
    {"gate_proj", "ffn_gate"},
    {"up_proj", "ffn_up"},
    {"down_proj", "ffn_down"},
    {"DenseReluDense.wi_0", "ffn_gate"},
    {"DenseReluDense.wi_1", "ffn_up"},
    {"DenseReluDense.wi", "ffn_up"},
    {"DenseReluDense.wo", "ffn_down"},
    {"mlp.dense_h_to_4h", "ffn_up"},
    {"mlp.dense_4h_to_h", "ffn_down"},
    {"mlp.c_fc", "ffn_up"},
    {"mlp.c_proj", "ffn_down"},
    {"mlp.fc_in", "ffn_up"},
    {"mlp.fc_out", "ffn_down"},
    {"fc1", "ffn_up"},
    {"fc2", "ffn_down"},
    {"ffn.lin1", "ffn_up"},
    {"ffn.lin2", "ffn_down"},
    {"intermediate.dense", "ffn_up"},
    {"output.dense", "ffn_down"},
    {"output.LayerNorm", "layer_output_norm"},
    {"pre_feedforward_layernorm", "ffn_norm"},
    {"post_feedforward_layernorm", "post_ffw_norm"},
    {"post_attention_layernorm", "ffn_norm"},
    {"input_layernorm", "attn_norm"},
    {"operator_norm", "attn_norm"},
    {"attention_norm", "attn_norm"},
    {"layer.0.layer_norm", "attn_norm"},
    {"layer.2.layer_norm", "ffn_norm"},
    {"ln_1", "attn_norm"},
    {"ln_2", "ffn_norm"},
    {"attention.key", "time_mix_key"},
    {"attention.value", "time_mix_value"},
    {"attention.receptance", "time_mix_receptance"},
    {"attention.output", "time_mix_output"},
    {"attention.time_decay", "time_mix_decay"},
    {"attention.time_first", "time_mix_first"},
    {"feed_forward.key", "channel_mix_key"},
    {"feed_forward.value", "channel_mix_value"},
    {"feed_forward.receptance", "channel_mix_receptance"},
});

/// Outside of layers.
constexpr std::array model_roles = std::to_array<RoleName>({
    {"embed_tokens", "token_embd"},
    {"wte", "token_embd"},
    {"embed_in", "token_embd"},
    {"word_embeddings", "token_embd"},
    {"tok_embeddings", "token_embd"},
    {"backbone.embeddings", "token_embd"},
    {"shared", "token_embd"},
    {"wpe", "position_embd"},
    {"embed_positions", "position_embd"},
    {"embeddings.position_embeddings", "position_embd"},
    {"embeddings.token_type_embeddings", "token_types"},
    {"embeddings.LayerNorm", "token_embd_norm"},
    {"word_embeddings_layernorm", "token_embd_norm"},
    {"lm_head", "output"},
    {"proj_out", "output"},
    {"embed_out", "output"},
    {"model.norm", "output_norm"},
    {"language_model.norm", "output_norm"},
    {"final_layernorm", "output_norm"},
    {"final_layer_norm", "output_norm"},
    {"final_norm", "output_norm"},
    {"ln_f", "output_norm"},
    {"norm_f", "output_norm"},
});

constexpr std::array containers = {"layers", "layer", "h", "block", "blocks"};
constexpr std::array other_senses = {"vision", "visual", "audio", "image", "multi_modal", "mm_"};
constexpr std::array endings = {"weight",  "bias",   "weight_scale_inv", "weight_scale",
                                "qweight", "qzeros", "scales",           "g_idx"};

/// Whether `text` is `end`, or ends with it after a dot or, as "self_attn" does, after '_'.
bool ends_with_name(std::string_view text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  return text.size() == end.size() || text[text.size() - end.size() - 1] == '.' ||
         text[text.size() - end.size() - 1] == '_';
}

template <std::size_t N>
std::string_view role_of(const std::array<RoleName, N>& roles, std::string_view name) {
  const auto found = std::ranges::find_if(roles, [&](const auto& role) { return ends_with_name(name, role.name); });
  return found == roles.end() ? std::string_view() : found->role;
}

std::optional<std::uint32_t> whole_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view without_ending(std::string_view name) {
  const auto dot = name.find_last_of('.');
  if (dot == name.npos || std::ranges::find(endings, name.substr(dot + 1)) == endings.end()) return name;
  return name.substr(0, dot);
}

/// "mlp.experts.5.down_proj" is "ffn_down.5", as GGUF once named single experts; also Mixtral's w1, w2, w3.
std::optional<std::string> expert_role(std::string_view name) {
  constexpr std::string_view word = "experts.";
  const auto at = name.find(word);
  if (at == name.npos) return std::nullopt;
  const auto rest = name.substr(at + word.size());
  const auto dot = rest.find('.');
  if (dot == rest.npos) return std::nullopt;
  const auto number = whole_number(rest.substr(0, dot));
  if (!number) return std::nullopt;
  const auto part = rest.substr(dot + 1);
  const char* role = part == "gate_proj" || part == "w1"   ? "ffn_gate."
                     : part == "up_proj" || part == "w3"   ? "ffn_up."
                     : part == "down_proj" || part == "w2" ? "ffn_down."
                                                           : nullptr;
  if (role == nullptr) return std::nullopt;
  return role + std::to_string(*number);
}

struct InLayer {
  std::uint32_t layer;
  std::string_view before;  // "model.decoder"
  std::string_view name;    // "self_attn.q_proj.weight"
};

std::optional<InLayer> split_at_layer(std::string_view name) {
  std::string_view container;
  for (std::size_t begin = 0; begin < name.size();) {
    const auto end = std::min(name.find('.', begin), name.size());
    const auto part = name.substr(begin, end - begin);
    const auto number = whole_number(part);
    if (number && end < name.size() && std::ranges::find(containers, container) != containers.end())
      return InLayer{*number, name.substr(0, begin), name.substr(end + 1)};
    container = part;
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace

void set_hf_role(TensorInfo& tensor, bool two_stacks) {
  const std::string_view name = tensor.name;
  tensor.layer.reset();
  tensor.role = without_ending(name);
  const auto first = name.substr(0, 64);
  if (std::ranges::any_of(other_senses, [&](std::string_view word) { return first.find(word) != first.npos; })) return;
  const auto place = split_at_layer(name);
  if (!place) {
    if (tensor.role == "norm") tensor.role = "output_norm";
    const auto stack = name.substr(0, std::min(name.find('.'), name.size()));
    if (const auto role = role_of(model_roles, tensor.role); !role.empty()) tensor.role = role;
    if (two_stacks && tensor.role == "output_norm" && (stack == "encoder" || stack == "decoder"))
      tensor.role.insert(0, stack == "encoder" ? "enc." : "dec.");
    return;
  }
  tensor.layer = place->layer;
  const auto inside = without_ending(place->name);
  const auto role = role_of(layer_roles, inside);
  if (const auto expert = expert_role(inside)) {
    tensor.role = *expert;
  } else {
    tensor.role = role.empty() ? inside : role;
  }
  if (!two_stacks) return;
  const bool is_decoder = place->before.find("decoder") != place->before.npos;
  if (inside == "layer.1.layer_norm") tensor.role = is_decoder ? "cross_attn_norm" : "ffn_norm";  // of T5
  tensor.role.insert(0, is_decoder ? "dec." : "enc.");
}

}  // namespace berth::model
