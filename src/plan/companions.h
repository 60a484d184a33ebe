/// What else a model takes with it: a projector, a draft model, adapters.
#pragma once

#include <vector>

#include "berth/plan.h"

namespace berth::plan {

/// Throws std::invalid_argument for a companion that is a file of another kind: a language model as a projector.
void check_companions(const PlanRequest& request);

/// Adds to `uses` what the companions of `request` hold beside the model with this placement. `first`: the device of
/// projectors and drafts that name none. A device that `uses` lacks is added.
void add_companions(std::vector<DeviceUse>& uses, const PlanRequest& request, const Placement& placement,
                    const ContextSpec& context, const Device& first, bool with_compute);

/// The first device of `inventory` that `request` may use and llama.cpp would take; the CPU where there is none.
Device first_device_of(const Inventory& inventory, const PlanRequest& request);

}  // namespace berth::plan
