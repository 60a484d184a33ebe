#include "plan/placement/stack_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace berth::plan {
namespace {

struct StackPart {
  std::string_view role;
  int sublayer;  // of the decoder; the encoder has no EncDecAttention between attention and feed-forward
  std::string_view name;
};

// modeling_t5.py of transformers 4 and 5, and the names of convert_hf_to_gguf.py.
constexpr std::array stack_parts = std::to_array<StackPart>({
    {"attn_q", 0, "SelfAttention.q"},
    {"attn_k", 0, "SelfAttention.k"},
    {"attn_v", 0, "SelfAttention.v"},
    {"attn_o", 0, "SelfAttention.o"},
    {"attn_rel_b", 0, "SelfAttention.relative_attention_bias"},
    {"attn_norm", 0, "layer_norm"},
    {"cross_attn_q", 1, "EncDecAttention.q"},
    {"cross_attn_k", 1, "EncDecAttention.k"},
    {"cross_attn_v", 1, "EncDecAttention.v"},
    {"cross_attn_o", 1, "EncDecAttention.o"},
    {"cross_attn_rel_b", 1, "EncDecAttention.relative_attention_bias"},
    {"cross_attn_norm", 1, "layer_norm"},
    {"ffn_gate", 2, "DenseReluDense.wi_0"},
    {"ffn_up", 2, "DenseReluDense.wi_1"},
    {"ffn_down", 2, "DenseReluDense.wo"},
    {"ffn_norm", 2, "layer_norm"},
});

std::string_view stack_of(std::string_view role) {
  return role.starts_with("enc.") ? "encoder" : role.starts_with("dec.") ? "decoder" : "";
}

}  // namespace

bool has_stack_names(const ModelProfile& profile) {
  return profile.architecture == "t5" || profile.architecture == "t5encoder";
}

std::string stack_name(const TensorInfo& tensor, bool gated) {
  const std::string_view own = tensor.name;
  const auto ending = own.substr(std::min(own.find_last_of('.'), own.size()));
  if (tensor.role == "token_embd") return fmt::format("shared{}", ending);
  if (tensor.role == "output") return fmt::format("lm_head{}", ending);
  const auto stack = stack_of(tensor.role);
  if (stack.empty()) return tensor.name;
  const auto role = std::string_view(tensor.role).substr(4);
  if (!tensor.layer) return role == "output_norm" ? fmt::format("{}.final_layer_norm{}", stack, ending) : tensor.name;
  const auto* const part = std::ranges::find(stack_parts, role, &StackPart::role);
  if (part == stack_parts.end()) return tensor.name;
  const auto sublayer = stack == "encoder" ? std::min(part->sublayer, 1) : part->sublayer;
  const auto name = role == "ffn_up" && !gated ? std::string_view("DenseReluDense.wi") : part->name;
  return fmt::format("{}.block.{}.layer.{}.{}{}", stack, *tensor.layer, sublayer, name, ending);
}

}  // namespace berth::plan
