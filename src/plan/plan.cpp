#include "berth/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "berth/memory.h"
#include "plan/companions.h"
#include "plan/memory/engine_layout.h"
#include "plan/memory/stored_bytes.h"
#include "plan/own_devices.h"
#include "plan/planner.h"

namespace berth {
namespace {

std::string why_there(const PlacedCompanion& companion) {
  if (companion.kind == CompanionKind::adapter) return "each tensor with the one that it changes";
  return fmt::format("on {}{}", companion.device->str(),
                     companion.kind == CompanionKind::draft
                         ? ", with a cache of its own"
                         : "; its weights are exact, its compute buffer is a generous bound");
}

}  // namespace

Plan make_plan(const ModelProfile& profile, const Inventory& inventory, const PlanRequest& asked,
               const MemoryFunction& memory) {
  const auto request = plan::with_own_devices(asked, inventory);
  const plan::PlanMemory both{.stored = memory, .whole = memory};
  return plan::Planner(profile, inventory, request, both).make();
}

Plan make_plan(const ModelProfile& profile, const Inventory& inventory, const PlanRequest& asked) {
  plan::check_companions(asked);
  auto request = plan::with_own_devices(asked, inventory);
  request.context = plan::engine_context(profile, asked.context);
  std::string estimate;
  const auto first = request.companions.empty() ? Device::cpu() : plan::first_device_of(inventory, request);
  const plan::PlanMemory memory{.stored =
                                    [&](const Placement& placement, const ContextSpec& context) {
                                      auto uses = plan::stored_bytes(profile, placement, context);
                                      plan::add_companions(uses, request, placement, context, first, false);
                                      return uses;
                                    },
                                .whole =
                                    [&](const Placement& placement, const ContextSpec& context) {
                                      const auto use =
                                          memory_use(profile, placement, context, generation_options(context));
                                      estimate = use.estimate;
                                      auto uses = use.by_device();
                                      plan::set_disk_apart(uses, profile, placement);
                                      plan::add_companions(uses, request, placement, context, first, true);
                                      return plan::on_machine(std::move(uses), inventory);
                                    },
                                .companions =
                                    [&](const Placement& placement, const ContextSpec& context) {
                                      std::vector<DeviceUse> uses;
                                      plan::add_companions(uses, request, placement, context, first, false);
                                      return uses;
                                    }};
  auto plan = plan::Planner(profile, inventory, request, memory).make();
  if (!estimate.empty()) plan.reasons.push_back({"compute", estimate});
  if (request.context != asked.context && asked.context.n_seq > 1)
    plan.reasons.push_back(
        {"context", fmt::format("its {} sequences share all cells: llama.cpp has no part for each in a "
                                "decoder behind an encoder",
                                asked.context.n_seq)});
  for (const auto& [kind, companion, device] : request.companions) {
    PlacedCompanion placed{.kind = kind, .path = companion.path, .architecture = companion.architecture};
    if (kind != CompanionKind::adapter) placed.device = device.value_or(first);
    plan.reasons.push_back({std::string(to_string(kind)), why_there(placed)});
    plan.companions.push_back(std::move(placed));
  }
  return plan;
}

std::vector<Plan> make_plans(const std::vector<PlanTask>& tasks, const Inventory& inventory) {
  std::vector<std::size_t> order(tasks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return tasks[i].priority; });
  const auto in_order = [&] {
    std::vector<Plan> plans(tasks.size());
    std::vector<PoolBytes> taken;
    for (const auto i : order) {
      auto request = tasks[i].request;
      request.reserved.insert(request.reserved.end(), taken.begin(), taken.end());
      plans[i] = make_plan(tasks[i].profile, inventory, request);
      if (plans[i].outcome != PlanOutcome::fits) continue;
      for (const auto& use : plans[i].use) taken.push_back({use.pool, use.total()});
    }
    return plans;
  };
  const auto missing = [](const std::vector<Plan>& plans) {
    return std::ranges::count(plans, PlanOutcome::does_not_fit, &Plan::outcome);
  };
  auto best = in_order();
  for (std::size_t tries = 1; tries < tasks.size() && missing(best) > 0; ++tries) {
    // The first that found no room goes before the others, which may get by with less than the best.
    const auto left_out =
        std::ranges::find_if(order, [&](std::size_t i) { return best[i].outcome == PlanOutcome::does_not_fit; });
    if (left_out == order.begin()) break;
    std::rotate(order.begin(), left_out, left_out + 1);
    auto other = in_order();
    if (missing(other) >= missing(best)) break;
    best = std::move(other);
  }
  return best;
}

}  // namespace berth
