/// What a planner says of a model that does not fit, and how it finds the longest context that does.
#include <algorithm>
#include <limits>

#include "plan/cache_types.h"
#include "plan/context_steps.h"
#include "plan/planner.h"
#include "plan/tensor_graph.h"

namespace berth::plan {
namespace {

constexpr std::uint64_t largest_extra = std::uint64_t{1} << 46;
constexpr std::uint64_t extra_step = std::uint64_t{1} << 20;
constexpr int most_guesses = 6;
constexpr std::uint64_t whole_weights = 1000;
const auto extra_device = Device::rpc(std::numeric_limits<int>::max());

MachineView with_extra_device(MachineView machine, std::uint64_t bytes) {
  machine.devices.push_back({.device = extra_device,
                             .pool = extra_device.str(),
                             .room = bytes,
                             .bytes_per_s = machine.cpu.bytes_per_s,
                             .link_s = 1e-5,
                             .decode_bytes_per_s = machine.cpu.decode_bytes_per_s,
                             .decode_link_s = 1e-5,
                             .prompt_bytes_per_s = machine.cpu.prompt_bytes_per_s,
                             .prompt_link_s = 1e-5,
                             .measured = false});
  machine.pools[extra_device.str()] = bytes;
  return machine;
}

/// Of the same model in a quantization that takes so many thousandths of the bytes of its weights, beside the same
/// companions.
MemoryFunction with_weights(const MemoryFunction& memory, const MemoryFunction& companions, std::uint64_t thousandths) {
  return [&memory, &companions, thousandths](const Placement& placement, const ContextSpec& context) {
    auto uses = memory(placement, context);
    const auto fixed = companions ? companions(placement, context) : std::vector<DeviceUse>();
    for (auto& use : uses) {
      const auto beside = std::ranges::find(fixed, use.device, &DeviceUse::device);
      const auto kept = beside == fixed.end() ? 0 : std::min(beside->weights, use.weights);
      use.weights = kept + times(use.weights - kept, thousandths) / whole_weights;
    }
    return uses;
  };
}

/// Of the weights, in the smallest type that engines have, which takes 1.6 bits for each.
std::uint64_t least_thousandths(const ModelProfile& profile) {
  std::uint64_t elements = 0;
  for (const auto& tensor : profile.tensors) {
    std::uint64_t product = 1;
    for (const auto extent : tensor.shape) product = times(product, extent);
    elements = plus(elements, product);
  }
  const auto least = elements / 5;
  return least >= profile.tensor_bytes ? whole_weights : times(least, whole_weights) / profile.tensor_bytes;
}

/// The least number above `too_few` for which `is_enough`; `enough` where none below it is.
template <class IsEnough>
std::uint64_t least_that(std::uint64_t too_few, std::uint64_t enough, IsEnough&& is_enough) {
  while (enough - too_few > 1) {
    const auto middle = too_few + (enough - too_few) / 2;
    (is_enough(middle) ? enough : too_few) = middle;
  }
  return enough;
}

}  // namespace

/// Steps above `context.n_ctx`, between `fits` and `too_long`: the most that could fit with compute buffers as `known`.
int Planner::guessed_context(ContextSpec context, int fits, int too_long, const FixedBytes& known) const {
  const PlacementSearch search(machine_, request_, memory_.whole);
  const int least = context.n_ctx;
  const auto first_too_long =
      least_that(static_cast<std::uint64_t>(fits), static_cast<std::uint64_t>(too_long), [&](std::uint64_t steps) {
        context.n_ctx = least + static_cast<int>(steps) * context_step;
        return !search.could_fit(parts_of(profile_, request_, context, memory_.stored), known);
      });
  return std::clamp(static_cast<int>(first_too_long) - 1, fits + 1, too_long - 1);
}

std::optional<Planner::Longest> Planner::longest_context(ContextSpec context, int least, bool uses_known) {
  const int most = context.n_ctx;
  context.n_ctx = least;
  auto found = find(context);
  if (!found) return std::nullopt;
  const auto shortest = context;
  auto known = fixed_bytes(found->use);
  int fits = 0;  // steps above least
  int too_long = (most - least + context_step - 1) / context_step;
  for (int round = 0; too_long - fits > 1; ++round) {
    const int next =
        round < most_guesses ? guessed_context(shortest, fits, too_long, known) : fits + (too_long - fits) / 2;
    context.n_ctx = least + next * context_step;
    if (auto longer = find(context, uses_known ? known : FixedBytes())) {
      fits = next;
      found = std::move(longer);
      known = fixed_bytes(found->use);
    } else {
      too_long = next;
      known = fixed_bytes(memory_.whole(found->placement, context));
    }
  }
  return Longest{least + fits * context_step, std::move(*found)};
}

/// The least memory of one more device with which the model fits, in steps of a MiB.
std::optional<std::uint64_t> Planner::extra_memory(const ContextSpec& context, const FixedBytes& known) const {
  const auto parts = parts_of(profile_, request_, context, memory_.stored);
  auto fixed = known;
  for (const auto& [device, bytes] : known)
    if (device != machine_.cpu.device || known.size() == 1) fixed[extra_device] = std::max(fixed[extra_device], bytes);
  const auto with = [&](std::uint64_t steps, auto&& ask) {
    const auto machine = with_extra_device(machine_, steps * extra_step);
    return ask(PlacementSearch(machine, request_, memory_.whole));
  };
  constexpr auto most = largest_extra / extra_step;
  auto enough = least_that(0, most, [&](std::uint64_t steps) {
    return with(steps, [&](const PlacementSearch& search) { return search.could_fit(parts, fixed); });
  });
  for (std::uint64_t more = 64; enough <= most; enough += more, more *= 2)
    if (with(enough, [&](const PlacementSearch& search) { return search.find(parts, context).has_value(); }))
      return enough * extra_step;
  return std::nullopt;
}

/// The most bytes of weights with which the model fits, in thousandths of what it has.
std::optional<std::uint64_t> Planner::smaller_weights(const ContextSpec& context, const FixedBytes& known) const {
  const auto fits_with = [&](std::uint64_t thousandths, auto&& ask) {
    auto parts = parts_of(profile_, request_, context, with_weights(memory_.stored, memory_.companions, thousandths));
    for (auto& layer : parts.layers) layer.expert_bytes = times(layer.expert_bytes, thousandths) / whole_weights;
    const auto whole = with_weights(memory_.whole, memory_.companions, thousandths);
    return ask(PlacementSearch(machine_, request_, whole), parts);
  };
  const auto could_fit = [&](std::uint64_t saved) {
    return fits_with(whole_weights - saved,
                     [&](const auto& search, const auto& parts) { return search.could_fit(parts, known); });
  };
  const auto fits = [&](std::uint64_t saved) {
    return fits_with(whole_weights - saved,
                     [&](const auto& search, const auto& parts) { return search.find(parts, context).has_value(); });
  };
  const auto most = whole_weights - least_thousandths(profile_);
  auto saved = least_that(0, most, could_fit);
  auto too_few = saved - std::min<std::uint64_t>(saved, 1);
  for (std::uint64_t more = 5; !fits(saved); more *= 2) {
    if (saved >= most) return std::nullopt;
    too_few = saved;
    saved = std::min(saved + more, most);
  }
  saved = least_that(too_few, saved, fits);
  return times(profile_.tensor_bytes, whole_weights - saved) / whole_weights;
}

Plan Planner::does_not_fit(const ContextSpec& context) {
  Plan plan{.outcome = PlanOutcome::does_not_fit, .placement = {}, .context = context};
  if (const auto closest = nearest(parts_of(profile_, request_, context, memory_.stored), context)) {
    plan.placement = closest->placement;
    plan.use = closest->use;
    plan.missing = PlacementSearch(machine_, request_, memory_.whole).shortfalls(closest->use);
    plan.reasons.push_back({"layers", "do not fit, even with the best cut: the rest would have to be on cpu"});
  }
  budget_.tensors = std::int64_t{std::max(request_.search_ms, 0)} * SearchBudget::tensors_per_ms / 2;
  add_changes(plan);
  return plan;
}

void Planner::add_changes(Plan& plan) {
  const auto& context = plan.context;
  if (context.n_ctx > context_step) {
    auto shorter = context;
    auto longest = longest_context(context, context_step);
    if (longest) shorter.n_ctx = longest->n_ctx;
    if (longest && !find(shorter)) longest = longest_context(context, context_step, false);
    if (longest) plan.changes.push_back({.what = "context", .n_ctx = longest->n_ctx});
  }
  for (const char* type : {"Q8_0", "Q4_0"}) {
    if (context.type_k == type) break;
    auto smaller = context;
    smaller.type_k = smaller.type_v = type;
    if (!cache_type_problem(profile_, smaller).empty() || !find(smaller)) continue;
    plan.changes.push_back({.what = "cache_type", .cache_type = type});
    break;
  }
  if (const auto bytes = smaller_weights(context, fixed_bytes(plan.use)))
    plan.changes.push_back({.what = "quantization", .bytes = bytes});
  if (const auto bytes = extra_memory(context, fixed_bytes(plan.use)))
    plan.changes.push_back({.what = "device", .bytes = bytes});
}

}  // namespace berth::plan
