#include "engine/plan_here.h"

#include <algorithm>

#include "berth/error.h"
#include "berth/inventory.h"
#include "berth/measure.h"
#include "berth/memory.h"
#include "berth/running.h"
#include "engine/simulated_here.h"

namespace berth {
namespace {

constexpr int least_context = 4096;

int trained_context(const ModelProfile& profile) {
  return static_cast<int>(std::min<std::uint64_t>(profile.context_length.value_or(least_context), INT32_MAX));
}

}  // namespace

PlanRequest default_plan_request(const ModelProfile& profile) {
  PlanRequest request;
  request.min_context = std::min(least_context, trained_context(profile));
  return request;
}

Inventory look_here() {
  if (auto simulated = simulated_here()) return *std::move(simulated);
  return with_kept_speeds(discover());
}

Inventory free_of_reserved(const Look& look) {
  // The models first: what one of them takes in between then counts twice, instead of not at all.
  const auto models = running_models();
  return without_reserved(look(), models);
}

Inventory machine_here() { return free_of_reserved(look_here); }

AcceptedPlan accept_plan(const ModelProfile& profile, const PlanRequest& request, const Look& look) {
  const auto lock = lock_of_planning();
  AcceptedPlan accepted{.plan = {}, .machine = free_of_reserved(look), .reservation = nullptr, .look = look};
  accepted.plan = make_plan(profile, accepted.machine, request);
  if (accepted.plan.outcome != PlanOutcome::fits) throw ModelDoesNotFit(why_not(accepted.plan));
  accepted.reservation = std::make_shared<Reservation>(profile.path, accepted.plan.use);
  return accepted;
}

std::vector<DeviceUse> use_at_first(const ModelProfile& profile, const ComponentDevice& device, ContextSpec context,
                                    const Inventory* machine) {
  if (context.n_ctx == 0) context.n_ctx = std::min(least_context, trained_context(profile));
  return memory_of(profile, placement_of(profile, device), context, generation_options(context), machine);
}

bool fits_alone(const ModelProfile& profile, const Resolution& resolution, const ContextSpec& context) {
  const auto* device = resolution.device.single();
  if (device == nullptr || device->type() == DeviceType::cpu) return true;
  const auto machine = machine_here();
  const auto* info = machine.find(*device);
  if (info == nullptr || !info->free_is_known) return true;
  for (const auto& use : use_at_first(profile, *device, context, &machine))
    if (use.device == *device) return use.total() <= info->free_bytes;
  return true;
}

}  // namespace berth
