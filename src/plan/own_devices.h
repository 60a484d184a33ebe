/// Devices of a request by the names that the inventory has for them.
#pragma once

#include "berth/plan.h"

namespace berth::plan {

/// `request` with the inventory's own devices where pins, companions and budgets name them another way: "cuda" for
/// "cuda:0". What the inventory does not have stays as it is.
PlanRequest with_own_devices(PlanRequest request, const Inventory& inventory);

}  // namespace berth::plan
