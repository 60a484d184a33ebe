#include "plan/part_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "model/hf_role.h"
#include "model/tensor_role.h"
#include "plan/stack_names.h"

namespace berth::plan {
namespace {

using Numbers = std::vector<std::size_t>;

bool is_below(std::string_view name, std::string_view part) {
  return name.starts_with(part) && (name.size() == part.size() || name[part.size()] == '.');
}

std::string_view last_of(std::string_view name) { return name.substr(name.find_last_of('.') + 1); }

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& all) {
  return std::ranges::find(all, text) != all.end();
}

/// Modules that hold no weights.
constexpr std::array<std::string_view, 10> without_tensors = {"rotary_emb", "rotary_pos_emb", "inv_freq", "act_fn", "act",
                                                              "dropout",    "attn_dropout",   "drop",     "masked_bias",
                                                              "causal_mask"};
constexpr std::array<std::string_view, 11> attention_modules = {
    "self_attn", "attn",  "attention",      "self_attention", "linear_attn",   "mixer",
    "mamba",     "SelfAttention", "conv",  "temporal_block", "EncDecAttention"};
constexpr std::array<std::string_view, 6> feed_forward_modules = {"mlp", "feed_forward",     "ffn",
                                                                  "moe", "block_sparse_moe", "DenseReluDense"};
constexpr std::array<std::string_view, 7> layer_containers = {"layers", "layer", "h", "block", "blocks", "blk", ""};

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

/// Whether a tensor with `role` is what somebody calls `module`, a name within a layer, whose GGUF role is `asked`.
bool is_meant(std::string_view role, std::string_view asked, std::string_view module) {
  role = without_stack(role);
  const auto last = last_of(module);
  if (is_one_of(last, attention_modules)) return last == "EncDecAttention" ? role.starts_with("cross_attn") : is_attention(role);
  if (is_one_of(last, feed_forward_modules)) return is_feed_forward(role);
  if (last == "experts") return role.ends_with("_exps");
  if (last == "shared_expert" || last == "shared_experts") return role.ends_with("_shexp");
  return role == asked;
}

/// Roles that stand for `asked` in a model that divides or joins them otherwise.
std::vector<std::string_view> other_roles(std::string_view asked, std::string_view module) {
  if (asked == "attn_q" || asked == "attn_k" || asked == "attn_v") return {"attn_qkv"};
  if (asked == "attn_qkv") return {"attn_q", "attn_k", "attn_v"};
  if (asked == "ffn_gate") return {"ffn_up"};
  if (asked.starts_with("ffn_gate.")) return {"ffn_gate_exps", "ffn_gate_up_exps"};
  if (asked.starts_with("ffn_up.")) return {"ffn_up_exps", "ffn_gate_up_exps"};
  if (asked.starts_with("ffn_down.")) return {"ffn_down_exps"};
  if (asked == "ffn_gate_up_exps") return {"ffn_gate_exps", "ffn_up_exps"};
  if (asked == "ffn_norm" && last_of(module) == "post_attention_layernorm") return {"post_attention_norm", "attn_post_norm"};
  if (asked == "ffn_norm") return {"attn_norm"};
  return {};
}

}  // namespace

PartNames::PartNames(const ModelProfile& profile) : profile_(profile), modules_(hf_modules(profile.architecture)) {
  layers_.resize(std::max<std::size_t>(profile.layers.size(), profile.block_count.value_or(0) > 4096 ? 0 : profile.block_count.value_or(0)));
  for (std::size_t i = 0; i < profile.tensors.size(); ++i) {
    const auto& tensor = profile.tensors[i];
    by_name_.emplace(tensor.name, i);
    if (tensor.name == "output.weight") tied_ = false;
    if (tensor.layer && *tensor.layer < layers_.size())
      layers_[static_cast<std::size_t>(*tensor.layer)].push_back(i);
    else
      outside_.push_back(i);
  }
  tied_ = tied_ && by_name_.contains("token_embd.weight");
  if (!has_stack_names(profile)) return;
  const bool gated = std::ranges::any_of(profile.tensors, [](const auto& each) { return each.role.ends_with(".ffn_gate"); });
  for (const auto& tensor : profile.tensors) stack_names_.push_back(stack_name(tensor, gated));
}

/// Of an encoder and a decoder: a stack, or any part of one.
std::optional<PartNames::Numbers> PartNames::find_in_stacks(std::string_view name) const {
  if (name == "encoder.embed_tokens" || name == "decoder.embed_tokens") name = "shared";
  Numbers found;
  for (std::size_t i = 0; i < stack_names_.size(); ++i)
    if (is_below(stack_names_[i], name)) found.push_back(i);
  if (found.empty() && tied_ && is_below(name, "lm_head")) found.push_back(tied_output());
  if (found.empty() && !is_one_of(last_of(name), without_tensors)) return std::nullopt;
  return found;
}

PartNames::Numbers PartNames::everything() const {
  Numbers all(profile_.tensors.size() + (tied_ ? 1 : 0));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::optional<PartNames::Numbers> PartNames::find(std::string_view name) const {
  if (name.empty()) return everything();
  if (auto own = find_own(name)) return own;
  if (!stack_names_.empty()) return find_in_stacks(name);
  if (is_one_of(last_of(name), without_tensors)) return Numbers();
  TensorInfo asked;
  const auto last = last_of(name);
  asked.name = std::string(name) + (last == "weight" || last == "bias" ? "" : ".weight");
  model::set_hf_role(asked, false);
  return asked.layer ? find_in_layer(asked, name) : find_outside(asked, name);
}

/// By GGUF's own names: a tensor, or the beginning of some up to a dot.
std::optional<PartNames::Numbers> PartNames::find_own(std::string_view name) const {
  if (const auto tensor = by_name_.find(name); tensor != by_name_.end()) {
    Numbers one = {tensor->second};
    return one;
  }
  if (name == "output" && tied_) return Numbers{tied_output()};
  Numbers found;
  const auto add = [&](const Numbers& from) {
    for (const auto i : from)
      if (is_below(profile_.tensors[i].name, name)) found.push_back(i);
  };
  TensorInfo asked;
  asked.name = std::string(name) + ".x.x";
  model::set_role(asked);
  if (asked.layer) {
    if (*asked.layer < layers_.size()) add(layers_[static_cast<std::size_t>(*asked.layer)]);
  } else {
    add(outside_);
    if (last_of(name) == "blk" || name == "enc" || name == "dec")
      for (const auto& layer : layers_) add(layer);
  }
  if (found.empty()) return std::nullopt;
  std::ranges::sort(found);
  return found;
}

bool PartNames::is_of_family(std::string_view name) const {
  if (!modules_) return true;
  const auto container = last_of(modules_->layers);
  const auto at = name.rfind(fmt::format("{}.", container));
  return name.starts_with(modules_->layers + ".") || (at != name.npos && at > 0 && name[at - 1] == '.' &&
                                                       name.find("language_model") != name.npos);
}

std::optional<PartNames::Numbers> PartNames::find_in_layer(const TensorInfo& asked, std::string_view name) const {
  if (*asked.layer >= layers_.size() || !is_of_family(name)) return std::nullopt;
  const auto& layer = layers_[static_cast<std::size_t>(*asked.layer)];
  const auto number = fmt::format(".{}", *asked.layer);
  const auto inside_begin = name.find(number + ".");
  if (inside_begin == name.npos) return layer;  // the layer itself
  Numbers found;
  const auto ending = last_of(name);
  const bool one_tensor = ending == "weight" || ending == "bias";
  const auto inside = name.substr(inside_begin + number.size() + 1);
  const auto module = one_tensor && inside.size() > ending.size() ? inside.substr(0, inside.size() - ending.size() - 1) : inside;
  const auto add = [&](std::string_view role) {
    for (const auto i : layer) {
      const auto& tensor = profile_.tensors[i];
      if (is_meant(tensor.role, role, module) && (!one_tensor || last_of(tensor.name) == ending))
        found.push_back(i);
    }
  };
  if (last_of(module) == "post_attention_layernorm")
    for (const auto role : other_roles("ffn_norm", module)) add(role);
  if (found.empty()) add(asked.role);
  if (asked.role == "ffn_up" && module.find("gate_up") != module.npos) add("ffn_gate");
  if (found.empty())
    for (const auto role : other_roles(asked.role, module)) add(role);
  if (found.empty()) return one_tensor && ending == "bias" ? std::optional(Numbers()) : std::nullopt;
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

/// Whether everything but the output is below it: "model", "transformer".
bool PartNames::is_wrapper(std::string_view name) const {
  constexpr std::array<std::string_view, 9> usual = {"model",          "transformer",   "gpt_neox",
                                                     "backbone",       "language_model", "model.language_model",
                                                     "language_model.model", "model.model", "rwkv"};
  if (!modules_) return is_one_of(name, usual);
  return is_below(modules_->layers, name) && name != modules_->layers;
}

std::optional<PartNames::Numbers> PartNames::find_outside(const TensorInfo& asked, std::string_view name) const {
  Numbers found;
  if (is_wrapper(name)) {
    for (std::size_t i = 0; i < profile_.tensors.size(); ++i)
      if (profile_.tensors[i].name != "output.weight" && profile_.tensors[i].name != "output.bias") found.push_back(i);
    return found;
  }
  const bool holds_layers = modules_ ? name == modules_->layers : is_one_of(last_of(name), layer_containers);
  if (holds_layers) {
    for (const auto& layer : layers_) found.insert(found.end(), layer.begin(), layer.end());
    std::ranges::sort(found);
    return found;
  }
  if (modules_) {
    const auto is_named = [&](const auto& names) {
      return std::ranges::any_of(names, [&](const auto& known) { return is_below(name, known); });
    };
    if (!is_named(modules_->input) && !is_named(modules_->behind) && !is_below(name, modules_->output)) return std::nullopt;
  }
  const auto role = asked.role == "output_norm" || asked.role == "norm" ? "output_norm" : asked.role;
  for (const auto i : outside_)
    if (profile_.tensors[i].role == role) found.push_back(i);
  if (found.empty() && role == "output" && tied_) found.push_back(tied_output());
  if (found.empty() && !modules_) return std::nullopt;
  return found;
}

std::vector<std::string> PartNames::known() const {
  std::vector<std::string> names;
  if (modules_) {
    names = modules_->input;
    for (std::size_t i = 0; i < layers_.size(); ++i) names.push_back(fmt::format("{}.{}", modules_->layers, i));
    names.insert(names.end(), modules_->behind.begin(), modules_->behind.end());
    names.push_back(modules_->output);
  }
  for (std::size_t i = 0; i < stack_names_.size(); ++i) {
    const std::string_view module = stack_names_[i];
    names.emplace_back(module.substr(0, module.find_last_of('.')));
    if (const auto& layer = profile_.tensors[i].layer; layer && module.find(".block.") != module.npos)
      names.emplace_back(module.substr(0, module.find(".layer.")));
  }
  for (std::size_t i = 0; i < layers_.size() && stack_names_.empty(); ++i) names.push_back(fmt::format("blk.{}", i));
  for (const auto i : outside_) names.push_back(profile_.tensors[i].role);
  return names;
}

}  // namespace berth::plan
