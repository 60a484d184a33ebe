/// The search where no memory has room for all weights: some stay on the disk.
#include <fmt/format.h>

#include <algorithm>

#include "plan/search/least_that.h"
#include "plan/search/placement_search.h"

namespace berth::plan {
namespace {

constexpr std::int64_t questions_of_a_try = 4;
constexpr std::int64_t looks_of_a_question = 4;  // that ask for no memory

}  // namespace

std::optional<FoundPlacement> PlacementSearch::try_parts(const ModelParts& parts, const ContextSpec& context,
                                                         SearchBudget& budget) const {
  if (budget.tensors <= 0) return std::nullopt;
  budget.tensors -= static_cast<std::int64_t>(parts.tensor_count) / looks_of_a_question + 1;
  // With no compute buffers at all: a question less where even that does not fit.
  const auto without_buffers = CutSearch(machine_, request_, parts, {}).best();
  if (!without_buffers) return std::nullopt;
  budget.tensors -= questions_of_a_try * static_cast<std::int64_t>(parts.tensor_count);
  auto found = find(parts, context);
  if (!found) {
    SearchBudget share{budget.tensors / 8};
    const auto before = share.tensors;
    found = find_narrow(parts, context, share);
    budget.tensors -= before - share.tensors;
  }
  return found;
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
  best->is_narrowed = true;
  best->notes.push_back(
      {"disk", fmt::format("{} read from the file when they are used, as no memory has room for them",
                           layers == 0   ? "the embeddings are"
                           : layers == 1 ? "the first layer and the embeddings are"
                                         : fmt::format("the first {} layers and the embeddings are", layers))});
  return best;
}

}  // namespace berth::plan
