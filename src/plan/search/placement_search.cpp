#include "plan/search/placement_search.h"

#include <algorithm>
#include <map>

namespace berth::plan {
namespace {

constexpr int most_corrections = 64;
constexpr int most_refinements = 3;
constexpr std::size_t most_tries = 8;

}  // namespace

double cache_seconds(const MachineView& machine, const std::vector<DeviceUse>& use, const ContextSpec& context) {
  double seconds = 0;
  for (const auto& each : use)
    if (const auto* device = machine.find(each.device))
      seconds += static_cast<double>(each.cache) / device->decode.bytes_per_s;
  return seconds / std::max(context.n_seq, 1);
}

std::vector<Shortfall> PlacementSearch::shortfalls(const std::vector<DeviceUse>& use) const {
  std::vector<Shortfall> missing;
  std::map<std::string, std::uint64_t> by_pool;
  for (const auto& each : use) {
    const auto* device = machine_.find(each.device);
    if (device == nullptr) continue;
    if (each.total() > device->room) missing.push_back({each.device, device->pool, each.total(), device->room});
    const auto pool = machine_.pools.find(device->pool);
    if (pool == machine_.pools.end()) continue;
    auto& bytes = by_pool[device->pool];
    bytes += each.total();
    if (bytes > pool->second && each.total() <= device->room)
      missing.push_back({each.device, device->pool, bytes, pool->second});
  }
  return missing;
}

bool PlacementSearch::could_fit(const ModelParts& parts, const FixedBytes& known) const {
  return CutSearch(machine_, request_, parts, known).best().has_value();
}

FoundPlacement PlacementSearch::placed(const CutSearch& search, const Cut& cut, const ModelParts& parts,
                                       const ContextSpec& context) const {
  FoundPlacement found{.placement = search.placement_of(cut), .cut = cut, .use = {}, .cost = cut.stages.seconds};
  found.use = memory_(found.placement, context);
  const auto seconds = search.seconds_by_device(cut);
  const auto slowest = std::ranges::max_element(seconds) - seconds.begin();
  if (slowest > 0) found.slowest = machine_.devices[static_cast<std::size_t>(slowest) - 1].device;
  found.seconds = search.seconds_of(cut, &PlanDevice::decode);
  found.full_seconds = found.seconds + cache_seconds(machine_, found.use, context);
  found.prompt_seconds = search.seconds_of(cut, &PlanDevice::prompt);
  found.on_cpu = std::min(cut.stages.start, parts.layer_count());
  const auto moved = std::min(cut.expert_layers, parts.layer_count());
  found.experts_on_cpu = parts.has_experts ? moved - std::min(moved, found.on_cpu) : 0;
  return found;
}

FoundPlacement PlacementSearch::refined(CutSearch search, FoundPlacement found, const ModelParts& parts,
                                        const ContextSpec& context) const {
  const auto try_quicker = [&](CutSearch& with) {
    const auto cut = with.best();
    if (!cut || !(cut->stages.seconds < found.cost)) return false;
    auto next = placed(with, *cut, parts, context);
    if (!shortfalls(next.use).empty()) {
      with.learn(next.use);
      return true;
    }
    found = std::move(next);
    with.set(found.use);
    return true;
  };
  search.set(found.use);
  for (int i = 0; i < most_refinements && try_quicker(search); ++i) {
  }
  // Without one of the devices the others may need smaller buffers.
  const auto runs = found.placement.layers;
  for (const auto& run : runs) {
    if (run.device == machine_.cpu.device) continue;
    auto without = search;
    without.set(found.use);
    without.leave_out(run.device);
    for (int i = 0; i < most_refinements && try_quicker(without); ++i) {
    }
  }
  return found;
}

std::optional<FoundPlacement> PlacementSearch::find(const ModelParts& parts, const ContextSpec& context,
                                                    const FixedBytes& known) const {
  if (request_.strategy != MapStrategy::optimal) return find_by_strategy(parts, context);
  CutSearch search(machine_, request_, parts, known);
  std::vector<std::vector<DeviceUse>> seen;
  for (int i = 0; i < most_corrections; ++i) {
    const auto cut = search.best();
    if (!cut) return find_again(std::move(search), seen, parts, context);
    auto found = placed(search, *cut, parts, context);
    const auto missing = shortfalls(found.use);
    if (missing.empty()) {
      found.is_quickest = i == 0 && known.empty();
      return refined(std::move(search), std::move(found), parts, context);
    }
    if (!search.learn(found.use))
      for (const auto& each : missing) search.add(each.device, each.needed_bytes - each.available_bytes);
    seen.push_back(std::move(found.use));
  }
  return std::nullopt;
}

std::optional<FoundPlacement> PlacementSearch::find_again(CutSearch search, std::vector<std::vector<DeviceUse>> seen,
                                                          const ModelParts& parts, const ContextSpec& context) const {
  if (search.forget())
    if (const auto cut = search.best()) {
      auto found = placed(search, *cut, parts, context);
      if (shortfalls(found.use).empty()) return refined(std::move(search), std::move(found), parts, context);
      seen.push_back(std::move(found.use));
    }
  for (std::size_t i = 0; i < std::min(seen.size(), most_tries); ++i) {
    search.set(seen[i]);
    const auto cut = search.best();
    if (!cut) continue;
    auto found = placed(search, *cut, parts, context);
    if (shortfalls(found.use).empty()) return refined(std::move(search), std::move(found), parts, context);
    seen.push_back(std::move(found.use));
  }
  return std::nullopt;
}

}  // namespace berth::plan
