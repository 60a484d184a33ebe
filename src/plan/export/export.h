/// What the exporters share.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "berth/plan.h"
#include "model/encoder_decoder.h"
#include "text/printable.h"

namespace berth::plan {

/// Throws std::invalid_argument where there is no placement to write for `tool`.
inline void need_fitting(const Plan& plan, std::string_view tool) {
  if (plan.outcome == PlanOutcome::fits) return;
  throw std::invalid_argument("The model does not fit, so there is nothing to tell " + std::string(tool) +
                              ": the plan as a table says what would help");
}

/// Throws std::invalid_argument for a model that is not in GGUF.
inline void need_gguf(const ModelProfile& profile, std::string_view tool) {
  if (profile.format == "gguf") return;
  const auto* help = model::sees_both_ways(profile) ? "encoders run in Berth: berth embed, berth rank"
                                                    : "write it as GGUF: berth gguf, convert_model()";
  throw std::invalid_argument(fmt::format("{} is told of models in GGUF, and {} is one in {}: {}", tool,
                                          in_quotes(profile.path.string()), profile.format, help));
}

inline bool uses_disk(const Placement& placement) {
  const auto is_disk = [](const Device& device) { return device.type() == DeviceType::disk; };
  return is_disk(placement.input) || is_disk(placement.output) ||
         std::ranges::any_of(placement.layers, [&](const LayerRun& run) { return is_disk(run.device); }) ||
         std::ranges::any_of(placement.tensors, [&](const auto& each) { return is_disk(each.second); });
}

/// What llama.cpp computes on the CPU: it maps the file, so that weights take memory only as long as they are used.
inline Placement without_disk(Placement placement) {
  const auto to_cpu = [](Device& device) {
    if (device.type() == DeviceType::disk) device = Device::cpu();
  };
  to_cpu(placement.input);
  to_cpu(placement.output);
  for (auto& run : placement.layers) to_cpu(run.device);
  for (const auto& [name, device] : OrderedMap<Device>(placement.tensors))
    if (device.type() == DeviceType::disk) placement.tensors.set(name, Device::cpu());
  return placement;
}

}  // namespace berth::plan
