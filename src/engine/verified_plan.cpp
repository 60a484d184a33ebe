#include "berth/verified_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "plan/memory/stored_bytes.h"
#include "plan/own_devices.h"
#include "plan/search/model_parts.h"
#include "plan/search/placement_search.h"
#include "plan/speed/machine_view.h"
#include "text/bytes.h"

namespace berth {
namespace {

constexpr int exact_plans = 4;
constexpr int most_plans = 16;
constexpr std::uint64_t most_lacking = std::uint64_t{1} << 48;

DeviceUse use_on(const std::vector<DeviceUse>& uses, const Device& device) {
  const auto found = std::ranges::find(uses, device, &DeviceUse::device);
  return found == uses.end() ? DeviceUse{} : *found;
}

/// Puts the engine's bytes in the place of those that were computed. What companions take stays.
void correct(Plan& plan, const std::vector<DeviceUse>& computed, const std::vector<DeviceUse>& exact) {
  for (auto& use : plan.use) {
    const auto before = use_on(computed, use.device);
    const auto now = use_on(exact, use.device);
    for (const auto part : {&DeviceUse::weights, &DeviceUse::cache, &DeviceUse::compute})
      use.*part += now.*part - std::min(before.*part, use.*part);
  }
  plan.exact = true;
}

/// Takes what was lacking off what the request may use: what the first plans lacked, and twice as much with each plan from
/// then on, so that one fits or none is left.
void leave_free(PlanRequest& request, const Shortfall& missing, int plans) {
  const auto lacking = missing.needed_bytes - missing.available_bytes;
  const auto bytes = std::min(lacking, most_lacking) << std::max(plans - exact_plans, 0);
  const auto budget = std::ranges::find(request.max_memory, missing.device, &MemoryBudget::device);
  if (budget == request.max_memory.end())
    request.reserved.push_back({missing.pool, bytes});
  else
    budget->bytes -= std::min(budget->bytes, bytes);
}

std::string lacking(const Shortfall& missing) {
  return fmt::format("the engine takes {} on {}, which has {}: more than was computed", in_units(missing.needed_bytes),
                     missing.device.str(), in_words(missing.available_bytes));
}

}  // namespace

MemoryUse asked_memory(const Engine& engine, const ModelProfile& profile, const Plan& plan) {
  const auto request = LoadRequest::of(plan, profile.path);
  return engine.memory(request.model, plan.placement, plan.context, request.keys);
}

Plan verified_plan(const Engine& engine, const ModelProfile& profile, const Inventory& inventory,
                   const PlanRequest& asked) {
  const auto request = plan::with_own_devices(asked, inventory);
  const auto machine = plan::view_of(inventory, request, plan::token_work(profile));
  const MemoryFunction not_asked;
  const plan::PlacementSearch budgets(machine, request, not_asked);
  auto tighter = request;
  std::vector<Reason> seen;
  for (int plans = 1;; ++plans) {
    auto plan = make_plan(profile, inventory, tighter);
    plan.reasons.insert(plan.reasons.end(), seen.begin(), seen.end());
    if (plan.outcome != PlanOutcome::fits) return plan;
    const auto computed = plan::generation_use(profile, plan.placement, plan.context);
    auto exact = asked_memory(engine, profile, plan).by_device();
    plan::set_disk_apart(exact, profile, plan.placement);
    correct(plan, computed, exact);
    plan.missing = budgets.shortfalls(plan.use);
    if (plan.missing.empty()) return plan;
    for (const auto& each : plan.missing) {
      seen.push_back({"memory", lacking(each)});
      leave_free(tighter, each, plans);
    }
    if (plans < most_plans) continue;
    plan.outcome = PlanOutcome::does_not_fit;
    plan.reasons.insert(plan.reasons.end(), seen.end() - static_cast<std::ptrdiff_t>(plan.missing.size()), seen.end());
    return plan;
  }
}

}  // namespace berth
