#include "plan/layer_split.h"

#include <algorithm>
#include <stdexcept>

namespace berth::plan {

LayerSplit layer_split(const EngineLayout& layout) {
  LayerSplit split{.devices = {layout.devices.begin(), layout.devices.end() - 1},
                   .counts = std::vector<int>(layout.devices.size() - 1)};
  auto backends = layout.layer_backend;
  backends.push_back(layout.output_backend);
  const auto first = std::ranges::find_if(backends, [&](auto backend) { return backend != layout.host(); });
  if (!std::is_sorted(first, backends.end()) || (first != backends.end() && backends.back() == layout.host()))
    throw std::invalid_argument(
        "llama.cpp places a run of layers on the CPU, then runs on its devices in their order, and the output behind "
        "the "
        "last: this placement is another");
  split.n_gpu_layers = static_cast<int>(backends.end() - first);
  for (auto each = first; each != backends.end(); ++each) ++split.counts[static_cast<std::size_t>(*each)];
  return split;
}

}  // namespace berth::plan
