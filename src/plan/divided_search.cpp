/// The search where no cut of whole layers fits: with parts of layers apart from them, and with weights that stay on the disk.
#include <fmt/format.h>

#include <algorithm>

#include "plan/least_that.h"
#include "plan/placement_search.h"

namespace berth::plan {
namespace {

constexpr std::int64_t questions_of_a_try = 4;
constexpr std::int64_t looks_of_a_question = 4;  // that ask for no memory

/// Where the feed-forward part of each layer lies: with its layer, which is 0, or on device N - 1.
using Division = std::vector<std::size_t>;

std::size_t moved(const Division& division) {
  return division.size() - static_cast<std::size_t>(std::ranges::count(division, std::size_t{0}));
}

/// All that there are, where those are few; else those that move parts of 1, 2, 4, ... layers, from the first on or up to the last
/// one, to one device. Those that move the fewest come first; the first moves none.
std::vector<Division> divisions(std::size_t layers, std::size_t devices) {
  constexpr std::size_t few = 4096;
  std::size_t all = 1;
  for (std::size_t i = 0; i < layers && all <= few; ++i) all *= devices + 1;
  std::vector<Division> found;
  if (all <= few) {
    for (std::size_t number = 0; number < all; ++number) {
      auto& division = found.emplace_back(layers);
      for (std::size_t i = 0, rest = number; i < layers; ++i, rest /= devices + 1) division[i] = rest % (devices + 1);
    }
    std::ranges::stable_sort(found, {}, moved);
    return found;
  }
  found.emplace_back(layers);
  for (std::size_t n = 1; n < 2 * layers; n *= 2)
    for (std::size_t device = 1; device <= devices; ++device) {
      const auto count = static_cast<std::ptrdiff_t>(std::min(n, layers));
      std::fill_n(found.emplace_back(layers).begin(), count, device);
      if (n < layers) std::fill_n(found.emplace_back(layers).rbegin(), count, device);
    }
  return found;
}

/// Where what lies outside of layers goes instead of to the CPU.
struct Outside {
  std::optional<Device> input = {};
  std::optional<Device> loose = {};  ///< the largest of ModelParts::loose
};

/// Those that move the least come first.
std::vector<Outside> outside_of_layers(const ModelParts& parts, const std::vector<Device>& devices) {
  std::vector<Outside> all(1);
  if (parts.input_bytes > 0)
    for (const auto& device : devices) all.push_back({.input = device});
  if (parts.loose.empty()) return all;
  const auto without = all;
  for (const auto& each : without)
    for (const auto& device : devices) all.push_back({each.input, device});
  return all;
}

}  // namespace

std::optional<FoundPlacement> PlacementSearch::try_parts(const ModelParts& parts, const ContextSpec& context,
                                                         SearchBudget& budget, double below_s) const {
  if (budget.tensors <= 0) return std::nullopt;
  budget.tensors -= static_cast<std::int64_t>(parts.tensor_count) / looks_of_a_question + 1;
  // With no compute buffers at all: a question less where even that does not fit, or takes too long.
  const auto without_buffers = CutSearch(machine_, request_, parts, {}).best();
  if (!without_buffers || !(without_buffers->stages.seconds < below_s)) return std::nullopt;
  budget.tensors -= questions_of_a_try * static_cast<std::int64_t>(parts.tensor_count);
  auto found = find(parts, context);
  if (!found) {
    SearchBudget share{budget.tensors / 8};
    const auto before = share.tensors;
    found = find_narrow(parts, context, share);
    budget.tensors -= before - share.tensors;
  }
  return found && found->cost < below_s ? found : std::nullopt;
}

std::optional<FoundPlacement> PlacementSearch::find_divided(const ModelParts& parts, const ContextSpec& context,
                                                            SearchBudget& budget) const {
  if (!request_.rules.tensor_overrides) return std::nullopt;
  std::vector<Device> devices;
  for (const auto& device : machine_.devices) devices.push_back(device.device);
  const auto all_outside = outside_of_layers(parts, devices);
  devices.push_back(machine_.cpu.device);
  std::optional<FoundPlacement> best;
  std::int64_t enough = 0;  // of the budget is left once there is one
  for (const auto& division : divisions(parts.layer_count(), devices.size()))
    for (const auto& outside : all_outside) {
      if (budget.tensors <= enough) return best;
      const auto count = moved(division);
      if (count == 0 && !outside.input && !outside.loose) continue;  // that was tried
      auto divided = parts;
      if (outside.input) divided.move_input(*outside.input);
      if (outside.loose) divided.move_loose(0, *outside.loose);
      for (std::size_t i = 0; i < division.size(); ++i)
        if (division[i] > 0) divided.move_feed_forward(i, devices[division[i] - 1]);
      auto found = best ? try_parts(divided, context, budget, best->cost) : try_parts(divided, context, budget);
      if (!found) continue;
      found->is_quickest = true;  // no cut of whole layers fits
      const auto note = [&](std::string part, const Device& device) {
        found->notes.push_back(
            {std::move(part), fmt::format("on {}: {} has no room for it", device.str(), parts.input.str())});
      };
      if (outside.input) note("input", *outside.input);
      if (outside.loose) note(parts.loose.front().name, *outside.loose);
      if (count > 0)
        found->notes.push_back(
            {"feed-forward parts", fmt::format("those of {} layers apart: they fit nowhere whole", count)});
      if (!best) enough = budget.tensors - budget.tensors / 4;
      best = std::move(found);
    }
  return best;
}

std::optional<FoundPlacement> PlacementSearch::find_on_disk(const ModelParts& parts, const ContextSpec& context,
                                                            SearchBudget& budget, std::size_t most_layers) const {
  if (!machine_.disk) return std::nullopt;
  auto left = parts;
  if (parts.input_bytes > 0 && parts.input == machine_.cpu.device) left.move_input(Device::disk());
  const auto with = [&](std::size_t layers) {
    auto some = left;
    while (some.layers_on_disk < layers) some.leave_layer_on_disk();
    return some;
  };
  std::size_t layers = 0;
  auto best = try_parts(left, context, budget);
  for (std::size_t part = most_layers == 0 ? 0 : 4; !best && part > 0; --part)
    best = try_parts(with(layers = most_layers * part / 4), context, budget);
  if (!best) return std::nullopt;
  // As few as could fit with such buffers, and then one, two, four more.
  const auto known = fixed_bytes(best->use);
  const auto too_few =
      layers == 0 ? 0 : least_that(0, layers, [&](std::size_t some) { return could_fit(with(some), known); }) - 1;
  for (std::size_t more = 1; too_few + more < layers; more *= 2)
    if (auto fewer = try_parts(with(too_few + more), context, budget)) {
      layers = too_few + more;
      best = std::move(fewer);
    }
  best->on_disk = layers;
  best->is_quickest = true;
  best->notes.push_back(
      {"disk", fmt::format("{} read from the file when they are used, as no memory has room for them",
                           layers == 0   ? "the embeddings are"
                           : layers == 1 ? "the first layer and the embeddings are"
                                         : fmt::format("the first {} layers and the embeddings are", layers))});
  return best;
}

}  // namespace berth::plan
