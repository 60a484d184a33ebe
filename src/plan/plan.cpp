#include "berth/plan.h"

#include "berth/memory.h"
#include "plan/planner.h"
#include "plan/stored_bytes.h"

namespace berth {

Plan make_plan(const ModelProfile& profile, const Inventory& inventory, const PlanRequest& request,
               const MemoryFunction& memory) {
  const plan::PlanMemory both{memory, memory};
  return plan::Planner(profile, inventory, request, both).make();
}

Plan make_plan(const ModelProfile& profile, const Inventory& inventory, const PlanRequest& request) {
  const plan::PlanMemory memory{
      .stored = [&](const Placement& placement,
                    const ContextSpec& context) { return plan::stored_bytes(profile, placement, context); },
      .whole =
          [&](const Placement& placement, const ContextSpec& context) {
            return memory_of(profile, placement, context, generation_options(context), &inventory);
          }};
  return plan::Planner(profile, inventory, request, memory).make();
}

}  // namespace berth
