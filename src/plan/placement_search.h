/// The best placement of a model in one context.
#pragma once

#include <optional>
#include <vector>

#include "berth/plan.h"
#include "plan/machine_view.h"
#include "plan/model_parts.h"

namespace berth::plan {

struct FoundPlacement {
  Placement placement;
  std::vector<DeviceUse> use;
  double seconds = 0;              ///< of one token, as predicted
  std::size_t on_cpu = 0;          ///< the first layers
  std::size_t experts_on_cpu = 0;  ///< of layers that are on other devices
  Device slowest = Device::cpu();  ///< that takes the most time
};

/// Searches all cuts of the layers into runs: the first on the CPU, then one for each device in order; and with that, for
/// each n, the experts of the first n layers on the CPU. `memory` has the last word: what it finds too large is not
/// answered. Where compute and overhead of a device are the same however much it holds, the answer is the quickest
/// placement there is, and none means that there is none.
class PlacementSearch {
 public:
  PlacementSearch(const MachineView& machine, const PlanRequest& request, const MemoryFunction& memory)
      : machine_(machine), request_(request), memory_(memory) {}

  std::optional<FoundPlacement> find(const ModelParts& parts, const ContextSpec& context) const;

  /// Where `use` is more than there is.
  std::vector<Shortfall> shortfalls(const std::vector<DeviceUse>& use) const;

 private:
  const MachineView& machine_;
  const PlanRequest& request_;
  const MemoryFunction& memory_;
};

}  // namespace berth::plan
