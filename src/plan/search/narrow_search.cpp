/// The search where next to nothing is to spare.
#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <span>
#include <unordered_map>

#include "plan/search/cut_list.h"
#include "plan/search/placement_search.h"

namespace berth::plan {
namespace {

constexpr std::size_t most_listed = 20'000;
constexpr int most_quicker = 32;

/// Compute buffers as they were seen of cuts that look alike: the same devices are used, and one of them has one, two or
/// more layers, and the output or not.
class BufferGuesses {
 public:
  explicit BufferGuesses(const std::vector<ListedCut>& cuts) {
    std::unordered_map<std::uint64_t, std::size_t> numbers;
    const auto number = [&](std::uint64_t kind) { return numbers.try_emplace(kind, numbers.size()).first->second; };
    for (const auto& cut : cuts) {
      std::uint64_t used = cut.cut.expert_layers > 0 ? 1 : 0;
      for (const auto& load : cut.loads)
        if (load.layers > 0) used |= std::uint64_t{2} << (load.place % 32);
      auto& kinds = kinds_.emplace_back();
      for (const auto& load : cut.loads) {
        const auto size = std::min<std::uint64_t>(load.layers, 3);
        const std::uint64_t alone = load.place << 3 | size << 1 | (load.has_output ? 1 : 0);
        kinds.push_back({number(used << 30 | alone << 2 | 2), number(alone << 2 | 1), number(load.place << 2)});
      }
    }
    least_.resize(numbers.size());
  }

  /// By cuts that look just like it, or else by those that are somewhat like it; 0 where none was seen.
  std::uint64_t guess(std::size_t cut, std::size_t load, bool alike) const {
    for (const auto kind : std::span(kinds_[cut][load]).first(alike ? 1 : kinds_[cut][load].size()))
      if (least_[kind]) return *least_[kind];
    return 0;
  }

  void learn(std::size_t cut, std::size_t load, std::uint64_t bytes) {
    for (const auto kind : kinds_[cut][load]) least_[kind] = std::min(least_[kind].value_or(bytes), bytes);
  }

 private:
  using Kinds = std::array<std::size_t, 3>;  // from those that tell the most
  std::vector<std::vector<Kinds>> kinds_;
  std::vector<std::optional<std::uint64_t>> least_;
};

/// What each cut seems to leave, on the device and in the pool where that is the least.
class Margins {
 public:
  Margins(const MachineView& machine, const std::vector<ListedCut>& cuts, const BufferGuesses& guesses)
      : cuts_(cuts), guesses_(guesses) {
    std::map<std::string, std::size_t> pools;
    for (std::size_t place = 0; place <= machine.devices.size(); ++place) {
      const auto& device = place == 0 ? machine.cpu : machine.devices[place - 1];
      room_.push_back(signed_bytes(device.room));
      const auto pool = machine.pools.find(device.pool);
      const auto [known, is_new] = pools.emplace(device.pool, pools_.size());
      if (is_new)
        pools_.push_back(pool == machine.pools.end() ? std::numeric_limits<std::int64_t>::max() / 2
                                                     : signed_bytes(pool->second));
      pool_of_.push_back(known->second);
    }
  }

  std::int64_t of(std::size_t cut, bool alike = false) const {
    auto pools = pools_;
    auto least = std::numeric_limits<std::int64_t>::max();
    const auto& loads = cuts_[cut].loads;
    for (std::size_t i = 0; i < loads.size(); ++i) {
      const auto bytes = signed_bytes(loads[i].stored) + signed_bytes(guesses_.guess(cut, i, alike));
      auto& pool = pools[pool_of_[loads[i].place]];
      pool -= bytes;
      least = std::min({least, room_[loads[i].place] - bytes, pool});
    }
    return least;
  }

 private:
  static std::int64_t signed_bytes(std::uint64_t bytes) {
    return static_cast<std::int64_t>(std::min(bytes, std::uint64_t{1} << 60));
  }

  const std::vector<ListedCut>& cuts_;
  const BufferGuesses& guesses_;
  std::vector<std::int64_t> room_;
  std::vector<std::int64_t> pools_;
  std::vector<std::size_t> pool_of_;
};

/// Without its bytes.
ListedCut as_listed(const Cut& cut, std::size_t items) {
  ListedCut listed{cut, {{.place = 0, .layers = cut.stages.start, .has_output = cut.stages.start == items}}};
  for (const auto& run : cut.stages.runs)
    listed.loads.push_back(
        {.place = run.device + 1, .layers = run.count, .has_output = run.first + run.count == items});
  return listed;
}

}  // namespace

std::optional<FoundPlacement> PlacementSearch::find_narrow(const ModelParts& parts, const ContextSpec& context,
                                                           SearchBudget& budget,
                                                           std::optional<FoundPlacement> best) const {
  const CutSearch search(machine_, request_, parts, {});
  constexpr double no_quicker = 1 - 1e-7;  // rounding
  const double below_s = best ? best->cost * no_quicker : std::numeric_limits<double>::infinity();
  auto cuts = list_cuts(search, machine_, parts.spare, most_listed, below_s);
  std::vector<std::size_t> open(cuts.size());
  for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
  if (best) cuts.push_back(as_listed(best->cut, parts.layers.size()));
  BufferGuesses guesses(cuts);
  const Margins margins(machine_, cuts, guesses);

  const auto learn = [&](std::size_t cut, const std::vector<DeviceUse>& use) {
    const auto fixed = fixed_bytes(use);
    for (std::size_t i = 0; i < cuts[cut].loads.size(); ++i) {
      const auto place = cuts[cut].loads[i].place;
      const auto seen = fixed.find(place == 0 ? machine_.cpu.device : machine_.devices[place - 1].device);
      if (seen != fixed.end()) guesses.learn(cut, i, seen->second);
    }
  };
  const auto ask = [&](std::vector<std::size_t>::iterator which) {
    const auto cut = *which;
    *which = open.back();
    open.pop_back();
    budget.tensors -= SearchBudget::of_question(parts);
    auto found = placed(search, cuts[cut].cut, parts, context);
    learn(cut, found.use);
    return shortfalls(found.use).empty() ? std::optional(std::move(found)) : std::nullopt;
  };

  if (best) learn(open.size(), best->use);
  while (!best && !open.empty() && budget.tensors > 0)
    best = ask(std::ranges::max_element(open, {}, [&](std::size_t cut) { return margins.of(cut); }));
  for (int i = 0; best && i < most_quicker && budget.tensors > 0; ++i) {
    auto quickest = open.end();
    for (auto each = open.begin(); each != open.end(); ++each) {
      const auto seconds = cuts[*each].cut.stages.seconds;
      const auto least = quickest == open.end() ? best->cost : cuts[*quickest].cut.stages.seconds;
      if (seconds < least * no_quicker && margins.of(*each, true) >= 0) quickest = each;
    }
    if (quickest == open.end()) break;
    if (auto quicker = ask(quickest)) best = std::move(quicker);
  }
  if (best) best->is_narrowed = true;
  return best;
}

}  // namespace berth::plan
