#include "plan/export/layer_split.h"

#include <algorithm>
#include <stdexcept>

namespace berth::plan {

LayerSplit run_split(const EngineLayout& layout) {
  auto backends = layout.layer_backend;
  backends.push_back(layout.output_backend);
  const auto first = backends.begin() + std::min<std::ptrdiff_t>(layout.host_layers, std::ssize(backends));
  LayerSplit split;
  const bool all_on_host = layout.output_backend == layout.host();
  if (all_on_host || std::is_sorted(first, backends.end())) {
    split.devices.assign(layout.devices.begin(), layout.devices.end() - 1);
    split.counts.resize(split.devices.size());
    if (all_on_host) return split;
    split.n_gpu_layers = static_cast<int>(backends.end() - first);
    for (auto each = first; each != backends.end(); ++each) ++split.counts[static_cast<std::size_t>(*each)];
    return split;
  }
  split.n_gpu_layers = static_cast<int>(backends.end() - first);
  for (auto each = first; each != backends.end(); ++each) {
    if (each == first || *each != *(each - 1)) {
      split.devices.push_back(layout.devices[static_cast<std::size_t>(*each)]);
      split.counts.push_back(0);
    }
    ++split.counts.back();
  }
  for (const auto& device : layout.devices)  // those of single tensors
    if (device != Device::cpu() && std::ranges::find(split.devices, device) == split.devices.end()) {
      split.devices.push_back(device);
      split.counts.push_back(0);
    }
  return split;
}

LayerSplit layer_split(const EngineLayout& layout) {
  const auto split = run_split(layout);
  auto seen = split.devices;
  std::ranges::sort(seen);
  const bool repeats = std::ranges::adjacent_find(seen) != seen.end();
  if (repeats || std::ranges::find(seen, Device::cpu()) != seen.end())
    throw std::invalid_argument(
        "llama.cpp's programs place a run of layers on the CPU, then runs on devices in their order, and the output "
        "behind the last: this placement is another");
  return split;
}

}  // namespace berth::plan
