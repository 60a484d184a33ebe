#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "berth/plan_export.h"
#include "plan/export/export.h"
#include "plan/placement/hf_modules.h"
#include "text/printable.h"

namespace berth {
namespace {

bool has_own_output(const ModelProfile& profile) {
  return std::ranges::any_of(profile.tensors, [](const auto& tensor) { return tensor.name == "output.weight"; });
}

}  // namespace

DeviceMap to_hf_device_map(const Plan& plan, const ModelProfile& profile) {
  plan::need_fitting(plan, "transformers");
  const auto modules = plan::hf_modules(profile.architecture);
  if (!modules)
    throw std::invalid_argument(
        fmt::format("What transformers calls the modules of {} is not known here", in_quotes(profile.architecture)));
  const auto& placement = plan.placement;
  if (!placement.tensors.empty())
    throw std::invalid_argument(
        fmt::format("A device map has modules, but the plan has single tensors apart from their "
                    "layers, such as {}",
                    in_quotes(placement.tensors.begin()->first)));
  DeviceMap map;
  const auto input = has_own_output(profile) ? placement.input : placement.output;
  for (const auto& name : modules->input) map.set(name, input);
  for (const auto& run : placement.layers)
    for (int i = run.first; i < run.first + run.count; ++i)
      map.set(fmt::format("{}.{}", modules->layers, i), run.device);
  for (const auto& name : modules->behind) map.set(name, placement.output);
  map.set(modules->output, placement.output);
  return map;
}

}  // namespace berth
