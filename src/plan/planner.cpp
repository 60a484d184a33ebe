#include "plan/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "plan/context_limits.h"
#include "plan/context_steps.h"
#include "plan/memory/cache_types.h"

namespace berth::plan {
namespace {

constexpr std::int64_t whole_budget = 8;  // in those of one search
constexpr std::int64_t questions_of_a_search = 40;
constexpr double no_quicker = 1 - 1e-7;  // rounding

/// The same model and budgets, for other ends and by other strategies.
std::vector<PlanRequest> other_requests(const PlanRequest& request) {
  std::vector<PlanRequest> others;
  for (const auto objective : {Objective::fastest, Objective::prompt, Objective::mixed, Objective::fewest_devices}) {
    if (objective == request.objective) continue;
    others.push_back(request);
    others.back().objective = objective;
  }
  for (const auto strategy : {MapStrategy::sequential, MapStrategy::balanced}) {
    others.push_back(request);
    others.back().strategy = strategy;
  }
  return others;
}

}  // namespace

Planner::Planner(const ModelProfile& profile, const Inventory& inventory, const PlanRequest& request,
                 const PlanMemory& memory)
    : profile_(profile),
      request_(request),
      memory_(memory),
      machine_(view_of(inventory, request, token_work(profile))) {}

Plan Planner::make() {
  share_ = std::int64_t{std::max(request_.search_ms, 0)} * SearchBudget::tensors_per_ms;
  budget_.tensors = whole_budget * share_;
  auto context = request_.context;
  check_sizes(context);
  check_cache_types(profile_, context);
  context.type_k = cache_type_named(context.type_k);
  context.type_v = cache_type_named(context.type_v);
  if (context.n_ctx == 0)
    context.n_ctx = static_cast<int>(std::min<std::uint64_t>(profile_.context_length.value_or(4096), 1 << 28));
  const int wanted = context.n_ctx;
  const int shortest = request_.min_context.value_or(1);
  if (shortest < 1) throw std::invalid_argument(fmt::format("A context of {} tokens at least is none", shortest));
  if (shortest > wanted)
    throw std::invalid_argument(
        fmt::format("A context of {} tokens, and of {} at least, contradict each other", wanted, shortest));
  const int step = context_step(context);
  const int least =
      request_.min_context.value_or(request_.objective == Objective::largest_context ? std::min(step, wanted) : wanted);
  auto found = find(context);
  share_ /= part_of_a_probe;
  std::optional<Longest> longest;
  if (!found) longest = longest_context(context, least < wanted ? least : std::min(step, wanted));
  if (longest && longest->n_ctx >= least) {
    context.n_ctx = std::min((longest->n_ctx + step - 1) / step * step, wanted);
    found = std::move(longest->found);
  }
  for (const int length : {wanted, least}) {
    if (found) break;
    context.n_ctx = length;
    found = find_on_disk(context);
  }
  if (!found) {
    context.n_ctx = wanted;
    return does_not_fit(context, longest);
  }
  if (!found->is_quickest && request_.strategy == MapStrategy::optimal) found = quickened(*std::move(found), context);
  return request_.objective == Objective::reach ? reaching(*std::move(found), context, wanted)
                                                : fits(*found, context, wanted);
}

std::optional<FoundPlacement> Planner::find(const ContextSpec& context, const FixedBytes& known) {
  const PlacementSearch search(machine_, request_, memory_.whole);
  const auto parts = parts_of(profile_, request_, context, memory_.stored);
  auto found = find_in_memory(search, parts, context, known);
  if (found || request_.strategy != MapStrategy::optimal) return found;
  return with_share([&](SearchBudget& budget) { return search.find_on_disk(parts, context, budget, 0); });
}

std::optional<FoundPlacement> Planner::find_whole(const PlacementSearch& search, const ModelParts& parts,
                                                  const ContextSpec& context, const FixedBytes& known) {
  auto found = search.find(parts, context, known);
  if (found || request_.strategy != MapStrategy::optimal) return found;
  return with_share([&](SearchBudget& budget) { return search.find_narrow(parts, context, budget); });
}

std::optional<FoundPlacement> Planner::find_in_memory(const PlacementSearch& search, const ModelParts& parts,
                                                      const ContextSpec& context, const FixedBytes& known) {
  auto found = find_whole(search, parts, context, known);
  if (found || request_.strategy != MapStrategy::optimal) return found;
  return with_share([&](SearchBudget& budget) { return search.find_divided(parts, context, budget); });
}

FoundPlacement Planner::quickened(FoundPlacement found, const ContextSpec& context) {
  const auto parts = parts_of(profile_, request_, context, memory_.stored);
  const auto narrowed = [&](const MachineView& machine, const PlanRequest& request, FoundPlacement start) {
    const PlacementSearch search(machine, request, memory_.whole);
    return *with_share(
        [&](SearchBudget& budget) { return search.find_narrow(parts, context, budget, std::move(start)); });
  };
  auto best = found.is_narrowed ? std::move(found) : narrowed(machine_, request_, std::move(found));
  const auto others = other_requests(request_);
  const auto questions = questions_of_a_search * static_cast<std::int64_t>(others.size());
  if (request_.objective == Objective::fewest_devices || budget_.tensors < questions * SearchBudget::of_question(parts))
    return best;
  // What is best for another request may be better for this one too. All look at the same, and each takes its own.
  const auto weights = weights_of(request_);
  const auto seconds = [&](const FoundPlacement& each) {
    return weights.decode * each.seconds + weights.prompt * each.prompt_seconds;
  };
  const auto short_share = std::exchange(share_, part_of_a_probe * share_);  // as that request would have
  for (const auto& other : others) {
    const auto machine = counted_by(machine_, other);
    const PlacementSearch search(machine, other, memory_.whole);
    auto another = find_in_memory(search, parts, context);
    budget_.tensors -= questions_of_a_search * SearchBudget::of_question(parts);
    if (another && other.strategy == MapStrategy::optimal && !another->is_quickest && !another->is_narrowed)
      another = narrowed(machine, other, *std::move(another));
    if (!another || !(seconds(*another) < seconds(best) * no_quicker)) continue;
    best = *std::move(another);
    if (other.strategy != MapStrategy::optimal) best.notes.clear();  // what that wanted otherwise
  }
  share_ = short_share;
  return best;
}

std::optional<FoundPlacement> Planner::find_on_disk(const ContextSpec& context) {
  if (request_.strategy != MapStrategy::optimal) return std::nullopt;
  const PlacementSearch search(machine_, request_, memory_.whole);
  const auto parts = parts_of(profile_, request_, context, memory_.stored);
  SearchBudget budget{part_of_a_probe * share_};  // whatever was looked for before
  return search.find_on_disk(parts, context, budget, parts.layer_count());
}

template <class Search>
std::optional<FoundPlacement> Planner::with_share(Search&& search) {
  const auto given = std::clamp<std::int64_t>(budget_.tensors, 0, share_);
  SearchBudget budget{given};
  auto found = search(budget);
  budget_.tensors -= given - budget.tensors;
  return found;
}

std::optional<FoundPlacement> Planner::nearest(const ModelParts& parts, const ContextSpec& context) const {
  constexpr std::uint64_t anything = std::uint64_t{1} << 46;
  auto roomy = machine_;
  roomy.cpu.room = anything;
  for (auto& [pool, bytes] : roomy.pools)
    if (pool == machine_.cpu.pool) bytes = anything;
  if (auto found = PlacementSearch(roomy, request_, memory_.whole).find(parts, context)) return found;
  for (auto& device : roomy.devices) device.room = anything;  // what is pinned there is too large
  for (auto& [pool, bytes] : roomy.pools) bytes = anything;
  return PlacementSearch(roomy, request_, memory_.whole).find(parts, context);
}

std::string Planner::why_on(const Device& device) const {
  if (device.type() == DeviceType::disk) return "on disk: no memory has room for them";
  if (request_.strategy != MapStrategy::optimal)
    return fmt::format("on {}: its part by {}", device.str(), to_string(request_.strategy));
  return device == machine_.cpu.device && !machine_.devices.empty()
             ? "on cpu: the other devices are full, or would be slower"
             : fmt::format("on {}: the quickest cut that fits", device.str());
}

Reason Planner::about_left_out() const {
  return {"devices", fmt::format("{} are looked at, and {} are not: {} takes no more", machine_.devices.size(),
                                 machine_.left_out, request_.rules.engine)};
}

void Planner::add_rates(Plan& plan) const {
  std::map<std::string_view, std::string> names;  // by the table
  for (const auto& device : machine_.devices) {
    if (device.rates_from.empty()) continue;
    auto& all = names[device.rates_from];
    all += (all.empty() ? "" : ", ") + device.device.str();
  }
  for (const auto& [source, devices] : names)
    plan.reasons.push_back({"rates", fmt::format("of {}: by {}, as they were not measured", devices, source)});
}

Plan Planner::fits(const FoundPlacement& found, const ContextSpec& context, int wanted) const {
  Plan plan{.outcome = PlanOutcome::fits, .placement = found.placement, .context = context, .use = found.use};
  if (found.seconds > 0) {
    plan.predicted = PredictedSpeed{.decode_tokens_per_s = 1 / found.seconds,
                                    .measured = machine_.cpu.measured,
                                    .limited_by = (found.on_disk > 0 ? Device::disk() : found.slowest).str(),
                                    .prompt_measured = machine_.cpu.prompt_measured,
                                    .full_context_tokens_per_s = 1 / found.full_seconds};
    if (found.prompt_seconds > 0) plan.predicted->prompt_tokens_per_s = 1 / found.prompt_seconds;
    for (const auto& device : machine_.devices) {
      plan.predicted->measured = plan.predicted->measured && device.measured;
      plan.predicted->prompt_measured = plan.predicted->prompt_measured && device.prompt_measured;
    }
  }
  if (machine_.left_out > 0) plan.reasons.push_back(about_left_out());
  add_rates(plan);
  for (const auto& [first, count, device] : found.placement.layers)
    plan.reasons.push_back({fmt::format("layers {} to {}", first, first + count - 1), why_on(device)});
  plan.reasons.insert(plan.reasons.end(), found.notes.begin(), found.notes.end());
  if (found.experts_on_cpu > 0)
    plan.reasons.push_back(
        {"experts", fmt::format("those of {} layers on cpu: quicker than whole layers there", found.experts_on_cpu)});
  if (context.n_ctx < wanted)
    plan.reasons.push_back(
        {"context", fmt::format("{} tokens instead of {}, which do not fit", context.n_ctx, wanted)});
  for (const auto& [name, device] : pinned_tensors(profile_, request_))
    if (found.placement.tensors.contains(name)) plan.reasons.push_back({name, "asked for"});
  return plan;
}

}  // namespace berth::plan
