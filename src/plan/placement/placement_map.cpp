#include "plan/placement/placement_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "plan/memory/placed_weights.h"

namespace berth::plan {

ComponentDevice device_of(const Placement& placement) {
  const auto& output = placement.output;
  const bool is_one = placement.tensors.empty() && (placement.input == output || placement.input == Device::cpu()) &&
                      std::ranges::all_of(placement.layers, [&](const LayerRun& run) { return run.device == output; });
  if (is_one) return output;
  DeviceMap map{{"token_embd", placement.input}};
  for (const auto& run : placement.layers)
    for (int i = run.first; i < run.first + run.count; ++i) map.set(fmt::format("blk.{}", i), run.device);
  map.set("output", output);
  for (const auto& [name, device] : placement.tensors) map.set(name, device);
  return map;
}

DeviceMap map_of(const Placement& placement, const ModelProfile& profile) {
  std::map<std::uint64_t, Device> layers;
  for (const auto& run : placement.layers)
    for (int i = run.first; i < run.first + run.count; ++i) layers.emplace(i, run.device);
  DeviceMap map{{"", placement.output}};
  for (const auto& tensor : profile.tensors) {
    const auto* apart = placement.tensors.find(tensor.name);
    const auto layer = tensor.layer ? layers.find(*tensor.layer) : layers.end();
    if (apart != nullptr)
      map.set(tensor.name, *apart);
    else if (layer != layers.end())
      map.set(tensor.name, layer->second);
    else if (is_input(tensor))
      map.set(tensor.name, placement.input);
  }
  return map;
}

}  // namespace berth::plan
