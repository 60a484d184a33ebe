#include "plan/own_devices.h"

namespace berth::plan {

PlanRequest with_own_devices(PlanRequest request, const Inventory& inventory) {
  const auto name = [&](Device& device) {
    if (const auto* info = inventory.find(device)) device = info->device;
  };
  for (auto& pin : request.pins) name(pin.device);
  for (auto& companion : request.companions)
    if (companion.device) name(*companion.device);
  for (auto& budget : request.max_memory) name(budget.device);
  return request;
}

}  // namespace berth::plan
