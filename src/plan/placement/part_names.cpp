#include "plan/placement/part_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "model/hf_role.h"
#include "model/tensor_role.h"
#include "plan/placement/layer_modules.h"
#include "plan/placement/name_parts.h"
#include "plan/placement/stack_names.h"

namespace berth::plan {
namespace {

using Numbers = std::vector<std::size_t>;

bool is_below(std::string_view name, std::string_view part) {
  return name.starts_with(part) && (name.size() == part.size() || name[part.size()] == '.');
}

/// "model.layers.3.mlp" is "mlp" of layer 3 in "model.layers".
struct LayerName {
  std::string_view container;
  std::string_view inside;

  /// None where the number is written otherwise, as in "model.layers.03".
  static std::optional<LayerName> split(std::string_view name, std::uint64_t layer) {
    const auto number = fmt::format(".{}", layer);
    auto at = name.find(number + ".");
    if (at == name.npos && name.ends_with(number)) at = name.size() - number.size();
    if (at == name.npos) return std::nullopt;
    return LayerName{name.substr(0, at), name.substr(std::min(at + number.size() + 1, name.size()))};
  }
};

/// Modules that hold no weights.
constexpr std::array<std::string_view, 10> without_tensors = {"rotary_emb",  "rotary_pos_emb", "inv_freq",     "act_fn",
                                                              "act",         "dropout",        "attn_dropout", "drop",
                                                              "masked_bias", "causal_mask"};
constexpr std::array<std::string_view, 6> layer_containers = {"layers", "layer", "h", "block", "blocks", "blk"};

}  // namespace

PartNames::PartNames(const ModelProfile& profile) : profile_(profile), modules_(hf_modules(profile.architecture)) {
  layers_.resize(std::max<std::size_t>(profile.layers.size(),
                                       profile.block_count.value_or(0) > 4096 ? 0 : profile.block_count.value_or(0)));
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
  const bool gated =
      std::ranges::any_of(profile.tensors, [](const auto& each) { return each.role.ends_with(".ffn_gate"); });
  for (const auto& tensor : profile.tensors) stack_names_.push_back(stack_name(tensor, gated));
}

/// Of an encoder and a decoder: a stack, or any part of one.
std::optional<PartNames::Numbers> PartNames::find_in_stacks(std::string_view name) const {
  if (name == "encoder.embed_tokens" || name == "decoder.embed_tokens") name = "shared";
  Numbers found;
  for (std::size_t i = 0; i < stack_names_.size(); ++i)
    if (is_below(stack_names_[i], name)) found.push_back(i);
  if (found.empty() && tied_ && (name == "lm_head" || name == "lm_head.weight")) found.push_back(tied_output());
  return found.empty() ? std::nullopt : std::optional(found);
}

PartNames::Numbers PartNames::everything() const {
  Numbers all(profile_.tensors.size() + (tied_ ? 1 : 0));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::optional<PartNames::Numbers> PartNames::find(std::string_view name) const {
  if (name.empty()) return everything();
  if (auto own = find_own(name)) return own;
  if (is_among(last_of(name), without_tensors)) return find_without_tensors(name);
  if (!stack_names_.empty()) return find_in_stacks(name);
  TensorInfo asked;
  const auto last = last_of(name);
  asked.name = std::string(name) + (last == "weight" || last == "bias" ? "" : ".weight");
  model::set_hf_role(asked, false);
  return asked.layer ? find_in_layer(asked, name) : find_outside(asked, name);
}

/// Of a module without tensors, which is there where the one that holds it is.
std::optional<PartNames::Numbers> PartNames::find_without_tensors(std::string_view name) const {
  while (is_among(last_of(name), without_tensors)) {
    const auto dot = name.find_last_of('.');
    if (dot == name.npos) return std::nullopt;
    name = name.substr(0, dot);
  }
  return find(name) ? std::optional(Numbers()) : std::nullopt;
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

/// Whether `container` is what holds the layers: "model.layers", or "model.language_model.layers" of a model that sees.
bool PartNames::holds_layers(std::string_view container) const {
  if (!modules_) return is_among(last_of(container), layer_containers);
  constexpr std::array<std::string_view, 3> around = {"model.language_model", "language_model.model", "language_model"};
  const auto last = last_of(modules_->layers);
  return container == modules_->layers || std::ranges::any_of(around, [&](std::string_view each) {
           return container == fmt::format("{}.{}", each, last);
         });
}

std::optional<PartNames::Numbers> PartNames::find_in_layer(const TensorInfo& asked, std::string_view name) const {
  const auto place = LayerName::split(name, *asked.layer);
  if (!place || *asked.layer >= layers_.size() || !holds_layers(place->container)) return std::nullopt;
  const auto& layer = layers_[static_cast<std::size_t>(*asked.layer)];
  if (place->inside.empty()) return layer;  // the layer itself
  const auto& inside = place->inside;
  const auto ending = last_of(inside);
  const bool one_tensor = (ending == "weight" || ending == "bias") && inside.size() > ending.size();
  const auto module = one_tensor ? inside.substr(0, inside.size() - ending.size() - 1) : inside;
  if (!is_layer_path(module)) return std::nullopt;
  Numbers found;
  const auto add = [&](std::string_view role) {
    for (const auto i : layer) {
      const auto& tensor = profile_.tensors[i];
      if (is_meant(tensor.role, role, module) && (!one_tensor || last_of(tensor.name) == ending)) found.push_back(i);
    }
  };
  if (last_of(module) == "post_attention_layernorm")
    for (const auto role : other_roles("ffn_norm", module)) add(role);
  if (found.empty()) add(asked.role);
  if (asked.role == "ffn_up" && module.find("gate_up") != module.npos) add("ffn_gate");
  if (found.empty())
    for (const auto role : other_roles(asked.role, module)) add(role);
  std::vector<std::string_view> roles;
  for (const auto i : found) roles.emplace_back(profile_.tensors[i].role);
  if (found.empty() || !can_hold(module, roles)) return std::nullopt;
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

/// Whether everything but the output is below it: "model", "transformer".
bool PartNames::is_wrapper(std::string_view name) const {
  constexpr std::array<std::string_view, 9> usual = {"model",
                                                     "transformer",
                                                     "gpt_neox",
                                                     "backbone",
                                                     "language_model",
                                                     "model.language_model",
                                                     "language_model.model",
                                                     "model.model",
                                                     "rwkv"};
  if (!modules_) return is_among(name, usual);
  return is_below(modules_->layers, name) && name != modules_->layers;
}

std::optional<PartNames::Numbers> PartNames::find_outside(const TensorInfo& asked, std::string_view name) const {
  Numbers found;
  if (is_wrapper(name)) {
    for (std::size_t i = 0; i < profile_.tensors.size(); ++i)
      if (profile_.tensors[i].name != "output.weight" && profile_.tensors[i].name != "output.bias") found.push_back(i);
    return found;
  }
  if (holds_layers(name)) {
    for (const auto& layer : layers_) found.insert(found.end(), layer.begin(), layer.end());
    std::ranges::sort(found);
    return found;
  }
  const auto ending = last_of(name);
  const bool one_tensor = ending == "weight" || ending == "bias";
  const auto module = one_tensor ? name.substr(0, name.size() - std::min(name.size(), ending.size() + 1)) : name;
  const bool is_named =
      modules_ && (std::ranges::find(modules_->input, module) != modules_->input.end() ||
                   std::ranges::find(modules_->behind, module) != modules_->behind.end() || module == modules_->output);
  if (modules_ && !is_named) return std::nullopt;
  const auto role = asked.role == "output_norm" || asked.role == "norm" ? "output_norm" : asked.role;
  for (const auto i : outside_)
    if (const auto& tensor = profile_.tensors[i];
        tensor.role == role && (!one_tensor || last_of(tensor.name) == ending))
      found.push_back(i);
  if (found.empty() && role == "output" && tied_ && ending != "bias") found.push_back(tied_output());
  // A module of the family that this model lacks does no harm.
  if (found.empty() && (one_tensor || !modules_)) return std::nullopt;
  return found;
}

}  // namespace berth::plan
