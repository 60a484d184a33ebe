#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "berth/plan.h"
#include "plan/layer_of.h"
#include "plan/memory/placed_weights.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth {
namespace {

/// What llama.cpp calls tensors of no layer, besides those of the input (src/llama-arch.cpp).
constexpr auto other_names = std::to_array<std::string_view>({"output",
                                                              "output_norm",
                                                              "token_embd_norm",
                                                              "rope_freqs",
                                                              "rope_factors_long",
                                                              "rope_factors_short",
                                                              "enc.output_norm",
                                                              "dec.output_norm",
                                                              "cls",
                                                              "cls.norm",
                                                              "cls.output",
                                                              "dense_2",
                                                              "dense_3",
                                                              "conv1d",
                                                              "fc",
                                                              "d2t",
                                                              "altup_proj",
                                                              "altup_unembd_proj",
                                                              "per_layer_model_proj",
                                                              "per_layer_proj_norm",
                                                              "conf_proj",
                                                              "hrm.z_l_init",
                                                              "markov_w1",
                                                              "markov_w2",
                                                              "masked_embd_centroids",
                                                              "masked_embd_ordering",
                                                              "nextn.pre_projection",
                                                              "nextn.post_projection",
                                                              "output_hc_base",
                                                              "output_hc_down",
                                                              "output_hc_fn",
                                                              "output_hc_norm",
                                                              "output_hc_scale",
                                                              "output_hc_up",
                                                              "output_res_score",
                                                              "selector_hidden",
                                                              "selector_predecessor",
                                                              "selector_successor"});

std::string reason_of(const Plan& plan, std::string_view part) {
  for (const auto& reason : plan.reasons)
    if (reason.part == part) return ": " + reason.text;
  return {};
}

/// That of a tensor, or the whole layer "blk.12".
std::optional<std::size_t> layer_named(std::string_view name) {
  const auto layer = plan::layer_of(name);
  return layer ? layer : plan::layer_of(std::string(name) + ".");
}

const LayerRun* run_of(const Placement& placement, std::size_t layer) {
  for (const auto& run : placement.layers)
    if (layer >= static_cast<std::size_t>(run.first) &&
        layer - static_cast<std::size_t>(run.first) < static_cast<std::size_t>(run.count))
      return &run;
  return nullptr;
}

/// "token_embd" of "token_embd.weight".
std::string_view role_in(std::string_view tensor) {
  for (const std::string_view ending : {".weight", ".bias"})
    if (tensor.ends_with(ending)) return tensor.substr(0, tensor.size() - ending.size());
  return tensor;
}

bool is_input_role(std::string_view role) {
  return std::ranges::find(plan::input_roles, role) != plan::input_roles.end();
}

/// Throws for a name that no model gives to a tensor outside of its layers.
void check_name(const Plan& plan, std::string_view tensor) {
  const auto role = role_in(tensor);
  if (is_input_role(role) || std::ranges::find(other_names, role) != other_names.end()) return;
  std::vector<std::string> names;
  for (const auto known : plan::input_roles) names.push_back(std::string(known) + ".weight");
  for (const auto known : other_names) names.push_back(std::string(known) + ".weight");
  for (const auto& [name, device] : plan.placement.tensors) names.push_back(name);
  const auto close = nearest(tensor, names);
  throw std::invalid_argument(
      fmt::format("{} is the name of no tensor{}", in_quotes(tensor),
                  close.empty() ? ", such as 'blk.0.attn_q.weight'" : "; did you mean " + in_quotes(close) + "?"));
}

std::string of_layer(const Plan& plan, std::string_view tensor, std::size_t layer) {
  const auto* run = run_of(plan.placement, layer);
  if (run == nullptr)
    throw std::invalid_argument(
        fmt::format("{} is of layer {}, which the plan does not place", in_quotes(tensor), layer));
  const auto why = reason_of(plan, fmt::format("layers {} to {}", run->first, run->first + run->count - 1));
  if (plan::layer_of(tensor))
    return fmt::format("{} lies on {} with layer {}{}", printable(tensor), run->device.str(), layer, why);
  const auto apart = std::ranges::count_if(plan.placement.tensors,
                                           [&](const auto& each) { return plan::layer_of(each.first) == layer; });
  return fmt::format("layer {} lies on {}{}{}", layer, run->device.str(),
                     apart == 0 ? "" : fmt::format(" but for {} of its tensors", apart), why);
}

}  // namespace

std::string explain(const Plan& plan, std::string_view tensor) {
  if (const auto* device = plan.placement.tensors.find(tensor)) {
    const auto why = reason_of(plan, tensor);
    const bool is_expert = tensor.find("_exps") != std::string_view::npos;
    return fmt::format("{} lies on {}, apart from its layer{}", printable(tensor), device->str(),
                       why.empty() && is_expert ? reason_of(plan, "experts") : why);
  }
  if (const auto layer = layer_named(tensor)) return of_layer(plan, tensor, *layer);
  check_name(plan, tensor);
  const auto role = role_in(tensor);
  const auto& placement = plan.placement;
  if (is_input_role(role))
    return fmt::format("{} lies on {}: the engine keeps the input there", printable(tensor), placement.input.str());
  TensorInfo info;
  info.role = role;
  if (plan::is_of_each_layer(info))
    return fmt::format("{} lies on each device with layers, which all need it", printable(tensor));
  if (plan::is_of_first_layer(info, {}) && !placement.layers.empty())
    return fmt::format("{} lies on {} with the first layer, which begins with it", printable(tensor),
                       placement.layers.front().device.str());
  return fmt::format("{} lies on {}: {} the last layer", printable(tensor), placement.output.str(),
                     role.starts_with("output") ? "the output layer follows" : "it follows");
}

}  // namespace berth
