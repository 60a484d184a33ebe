#include <fmt/format.h>

#include "berth/plan.h"
#include "plan/layer_of.h"
#include "text/printable.h"

namespace berth {
namespace {

std::string reason_of(const Plan& plan, std::string_view part) {
  for (const auto& reason : plan.reasons)
    if (reason.part == part) return ": " + reason.text;
  return {};
}

}  // namespace

std::string explain(const Plan& plan, std::string_view tensor) {
  const auto name = printable(tensor);
  const auto layer = plan::layer_of(tensor);
  if (const auto* device = plan.placement.tensors.find(tensor)) {
    const auto why = reason_of(plan, tensor);
    const bool is_expert = tensor.find("_exps") != std::string_view::npos;
    return fmt::format("{} lies on {}, apart from its layer{}", name, device->str(),
                       why.empty() && is_expert ? reason_of(plan, "experts") : why);
  }
  if (layer)
    for (const auto& [first, count, device] : plan.placement.layers)
      if (*layer >= static_cast<std::size_t>(first) &&
          *layer < static_cast<std::size_t>(first) + static_cast<std::size_t>(count))
        return fmt::format("{} lies on {} with layer {}{}", name, device.str(), *layer,
                           reason_of(plan, fmt::format("layers {} to {}", first, first + count - 1)));
  if (layer) return fmt::format("{} is of layer {}, which the plan does not place", name, *layer);
  if (tensor.starts_with("output"))
    return fmt::format("{} lies on {}: the output layer follows the last layer", name, plan.placement.output.str());
  return fmt::format("{} lies on {}: the engine keeps the input there", name, plan.placement.input.str());
}

}  // namespace berth
