/// The search where no cut of whole layers fits: with parts of layers apart from them, and what lies outside of layers elsewhere.
#include <fmt/format.h>

#include <algorithm>

#include "plan/search/division.h"

namespace berth::plan {
namespace {

constexpr std::size_t most_memories = 16;

/// Were there no compute buffers, and no layers that have to stay whole.
bool could_hold_all(const MachineView& machine, const ModelParts& parts) {
  std::uint64_t room = machine.cpu.room;
  for (const auto& device : machine.devices) room += std::min(device.room, std::uint64_t{1} << 50);
  std::uint64_t bytes = 0;
  for (const auto& layer : parts.layers) bytes += layer.bytes;
  for (const auto& use : parts.base) bytes += use.weights + use.cache;
  return bytes <= room + parts.spare + parts.saved_on_cpu;
}

double places_with_layers(const Cut& cut) {
  return static_cast<double>(cut.stages.runs.size() + (cut.stages.start > 0 ? 1 : 0));
}

void add_notes(FoundPlacement& found, const Outside& outside, const ModelParts& parts, const LayerPacking& packing) {
  const auto note = [&](std::string part, const Device& device) {
    found.notes.push_back({std::move(part), fmt::format("on {}: cpu has no room for it", device.str())});
  };
  if (outside.input) note("input", *outside.input);
  if (outside.loose) note(parts.loose.front().name, *outside.loose);
  std::size_t divided = 0;
  for (std::size_t i = 0; i + 1 < packing.layers.size(); ++i) divided += is_divided(packing, i) ? 1 : 0;
  if (divided > 0)
    found.notes.push_back(
        {"parts of layers", fmt::format("those of {} layers lie apart from them: they fit nowhere whole", divided)});
}

}  // namespace

std::optional<FoundPlacement> PlacementSearch::find_divided(const ModelParts& parts, const ContextSpec& context,
                                                            SearchBudget& budget) const {
  if (!request_.rules.tensor_overrides || machine_.devices.size() >= most_memories || !could_hold_all(machine_, parts))
    return std::nullopt;
  Division division(machine_, request_, parts);
  std::optional<FoundPlacement> best;
  std::int64_t enough = 0;  // of the budget is left once there is one
  // Each shape is asked once in a round, as the buffers of one tell of others; a shape that moves more comes in a later one.
  for (std::size_t round = 0; division.is_open(); ++round)
    for (const auto which : division.in_round(round)) {
      if (budget.tensors <= enough) return best;
      const auto packing = division.pack(which, budget);
      if (!packing) {
        division.close(which);
        continue;
      }
      const auto divided = division.divided(which, *packing);
      const CutSearch search(machine_, request_, divided, {});
      auto cut = division.cut_of(*packing);
      cut.stages.seconds = search.seconds_of(cut, &PlanDevice::counted) + search.price() * places_with_layers(cut);
      if (best && !(cut.stages.seconds < best->cost)) {
        division.close(which);
        continue;
      }
      budget.tensors -= SearchBudget::of_question(parts);
      auto found = placed(search, cut, divided, context);
      if (!shortfalls(found.use).empty()) {
        division.learn(which, *packing, found.use);
        continue;
      }
      division.close(which);
      if (!best) enough = budget.tensors - budget.tensors / 4;
      found.is_narrowed = true;  // no cut of whole layers fits
      add_notes(found, division.outside(which), parts, *packing);
      best = std::move(found);
    }
  return best;
}

}  // namespace berth::plan
