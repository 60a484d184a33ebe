#include "berth/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "plan/placement_search.h"
#include "text/bytes.h"

namespace berth {
namespace {

using plan::FoundPlacement;

constexpr int context_step = 256;  // the engine's own
constexpr std::uint64_t largest_extra = std::uint64_t{1} << 46;
constexpr std::uint64_t extra_step = std::uint64_t{1} << 20;
const auto extra_device = Device::rpc(std::numeric_limits<int>::max());

class Planner {
 public:
  Planner(const ModelProfile& profile, const Inventory& inventory, const PlanRequest& request,
          const MemoryFunction& memory)
      : profile_(profile),
        request_(request),
        memory_(memory),
        machine_(plan::view_of(inventory, request, plan::state_bytes(profile))) {}

  Plan make() const {
    auto context = request_.context;
    if (context.n_ctx < 0 || request_.min_context.value_or(1) < 1)
      throw std::invalid_argument(fmt::format("A context of {} tokens, or of {} at least, is none", context.n_ctx,
                                              request_.min_context.value_or(1)));
    if (context.n_ctx == 0)
      context.n_ctx = static_cast<int>(std::min<std::uint64_t>(profile_.context_length.value_or(4096), 1 << 28));
    const int least = request_.min_context.value_or(
        request_.objective == Objective::largest_context ? std::min(context_step, context.n_ctx) : context.n_ctx);
    const int wanted = context.n_ctx;
    auto found = find(context);
    if (!found && least < wanted) {
      if (const auto longest = longest_context(context, least)) {
        context.n_ctx = *longest;
        found = find(context);
      }
    }
    return found ? fits(*found, context, wanted) : does_not_fit(context);
  }

 private:
  std::optional<FoundPlacement> find(const ContextSpec& context) const { return find(context, machine_); }
  std::optional<FoundPlacement> find(const ContextSpec& context, const plan::MachineView& machine) const {
    const auto parts = plan::parts_of(profile_, request_, context, memory_);
    return plan::PlacementSearch(machine, request_, memory_).find(parts, context);
  }

  /// Between `least` and that of `context`, which does not fit itself.
  std::optional<int> longest_context(ContextSpec context, int least) const {
    const int most = context.n_ctx;
    context.n_ctx = least;
    if (!find(context)) return std::nullopt;
    int fits = 0;  // steps above least
    int too_long = (most - least + context_step - 1) / context_step;
    while (too_long - fits > 1) {
      const int middle = fits + (too_long - fits) / 2;
      context.n_ctx = least + middle * context_step;
      (find(context) ? fits : too_long) = middle;
    }
    return least + fits * context_step;
  }

  Plan fits(const FoundPlacement& found, const ContextSpec& context, int wanted) const {
    Plan plan{.outcome = PlanOutcome::fits, .placement = found.placement, .context = context, .use = found.use};
    if (found.seconds > 0) {
      bool measured = machine_.cpu.measured;
      for (const auto& device : machine_.devices) measured = measured && device.measured;
      plan.predicted = PredictedSpeed{1 / found.seconds, measured, found.slowest.str()};
    }
    for (const auto& [first, count, device] : found.placement.layers)
      plan.reasons.push_back({fmt::format("layers {} to {}", first, first + count - 1),
                              device == machine_.cpu.device && !machine_.devices.empty()
                                  ? "on cpu: the other devices are full, or would be slower"
                                  : fmt::format("on {}: the quickest cut that fits", device.str())});
    if (found.experts_on_cpu > 0)
      plan.reasons.push_back(
          {"experts", fmt::format("those of {} layers on cpu: quicker than whole layers there", found.experts_on_cpu)});
    if (context.n_ctx < wanted)
      plan.reasons.push_back(
          {"context", fmt::format("{} tokens instead of {}, which do not fit", context.n_ctx, wanted)});
    for (const auto& [name, device] : found.placement.tensors)
      if (std::ranges::any_of(request_.pins, [&](const Pin& pin) { return pin.device == device; }) &&
          device != machine_.cpu.device)
        plan.reasons.push_back({name, fmt::format("on {}: asked for", device.str())});
    return plan;
  }

  Plan does_not_fit(const ContextSpec& context) const {
    Plan plan{.outcome = PlanOutcome::does_not_fit, .placement = {}, .context = context};
    auto roomy = machine_;
    roomy.cpu.room = largest_extra;
    for (auto& [pool, bytes] : roomy.pools)
      if (pool == machine_.cpu.pool) bytes = largest_extra;
    if (const auto nearest = find(context, roomy)) {
      plan.placement = nearest->placement;
      plan.use = nearest->use;
      plan.missing = plan::PlacementSearch(machine_, request_, memory_).shortfalls(nearest->use);
      plan.reasons.push_back({"layers", "do not fit, even with the best cut: the rest would have to be on cpu"});
    }
    add_changes(plan);
    return plan;
  }

  void add_changes(Plan& plan) const {
    const auto& context = plan.context;
    if (context.n_ctx > context_step)
      if (const auto n = longest_context(context, context_step))
        plan.changes.push_back({.what = "context", .n_ctx = n});
    for (const char* type : {"Q8_0", "Q4_0"}) {
      if (context.flash_attention == FlashAttention::off || context.type_k == type) break;
      auto smaller = context;
      smaller.type_k = smaller.type_v = type;
      if (!find(smaller)) continue;
      plan.changes.push_back({.what = "cache_type", .cache_type = type});
      break;
    }
    if (const auto bytes = extra_memory(context)) plan.changes.push_back({.what = "device", .bytes = bytes});
  }

  /// The least memory of one more device with which the model fits, in steps of a MiB.
  std::optional<std::uint64_t> extra_memory(const ContextSpec& context) const {
    const auto fits_with = [&](std::uint64_t bytes) {
      auto machine = machine_;
      machine.devices.push_back({.device = extra_device,
                                 .pool = extra_device.str(),
                                 .room = bytes,
                                 .bytes_per_s = machine.cpu.bytes_per_s,
                                 .link_s = 1e-5,
                                 .measured = false});
      machine.pools[extra_device.str()] = bytes;
      return find(context, machine).has_value();
    };
    std::uint64_t least = 0;
    std::uint64_t enough = largest_extra / extra_step;
    if (!fits_with(largest_extra)) return std::nullopt;
    while (enough - least > 1) {
      const auto middle = least + (enough - least) / 2;
      (fits_with(middle * extra_step) ? enough : least) = middle;
    }
    return enough * extra_step;
  }

  const ModelProfile& profile_;
  const PlanRequest& request_;
  const MemoryFunction& memory_;
  plan::MachineView machine_;
};

}  // namespace

Plan make_plan(const ModelProfile& profile, const Inventory& inventory, const PlanRequest& request,
               const MemoryFunction& memory) {
  return Planner(profile, inventory, request, memory).make();
}

}  // namespace berth
