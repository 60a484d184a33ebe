/// A model as the planner sees it: layers, what follows them, and the experts in them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "berth/plan.h"
#include "plan/machine_view.h"

namespace berth::plan {

/// One layer; the last of them stands for the output layer.
struct LayerPart {
  std::uint64_t bytes = 0;         ///< of weights and cache
  std::uint64_t weight_bytes = 0;  ///< of those, the weights
  std::uint64_t expert_bytes = 0;  ///< of those, the experts
  double read_bytes = 0;           ///< of weights for one token, without experts and pinned tensors
  double expert_read_bytes = 0;
  std::vector<std::string> experts = {};  ///< tensors
  std::vector<std::pair<Device, double>> pinned_reads = {};
};

struct ModelParts {
  std::vector<LayerPart> layers;
  std::vector<DeviceUse> base;     ///< what is held wherever the layers are
  OrderedMap<Device> pinned = {};  ///< tensors
  bool has_experts = false;
  std::size_t tensor_count = 0;
  std::uint64_t spare = 0;  ///< bytes that single layers hold each for itself and layers on one device hold once

  std::size_t layer_count() const { return layers.size() - 1; }
};

TokenWork token_work(const ModelProfile& profile);

/// The tensors that the pins of `request` match, with their devices. Throws std::invalid_argument for pins that match
/// nothing, and for an engine that cannot place single tensors.
OrderedMap<Device> pinned_tensors(const ModelProfile& profile, const PlanRequest& request);

/// Throws std::invalid_argument for a model without layers, and for pins that match nothing.
ModelParts parts_of(const ModelProfile& profile, const PlanRequest& request, const ContextSpec& context,
                    const MemoryFunction& memory);

}  // namespace berth::plan
