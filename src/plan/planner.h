/// Decides about context and changes around the search of placements.
#pragma once

#include <optional>
#include <string>

#include "berth/plan.h"
#include "plan/search/model_parts.h"
#include "plan/search/placement_search.h"
#include "plan/speed/machine_view.h"

namespace berth::plan {

/// How the bytes of a placement are asked for.
struct PlanMemory {
  MemoryFunction stored;  ///< weights and cache; the rest does not count
  MemoryFunction whole;
  MemoryFunction companions = {};  ///< weights that both count besides those of the model
};

class Planner {
 public:
  /// All of them have to live as long as this. Throws as make_plan().
  Planner(const ModelProfile& profile, const Inventory& inventory, const PlanRequest& request,
          const PlanMemory& memory);

  Plan make();

 private:
  /// No layers on the disk.
  std::optional<FoundPlacement> find(const ContextSpec& context, const FixedBytes& known = {});
  /// By cuts of whole layers.
  std::optional<FoundPlacement> find_whole(const PlacementSearch& search, const ModelParts& parts,
                                           const ContextSpec& context, const FixedBytes& known = {});
  /// The same, or with parts of layers apart from them.
  std::optional<FoundPlacement> find_in_memory(const PlacementSearch& search, const ModelParts& parts,
                                               const ContextSpec& context, const FixedBytes& known = {});
  std::optional<FoundPlacement> find_on_disk(const ContextSpec& context);
  /// Where the compute buffers of other placements may have hidden a quicker one.
  FoundPlacement quickened(FoundPlacement found, const ContextSpec& context);
  /// With a part of what may still be asked.
  template <class Search>
  std::optional<FoundPlacement> with_share(Search&& search);
  /// On a CPU with all the memory that one could wish for; where that is not enough, on such devices.
  std::optional<FoundPlacement> nearest(const ModelParts& parts, const ContextSpec& context) const;
  struct Longest {
    int n_ctx;
    FoundPlacement found;
  };
  /// Between `least` and that of `context`, which may fit where a quick search did not find how. Guesses need no graphs; the answer
  /// itself was asked of the memory function.
  std::optional<Longest> longest_context(ContextSpec context, int least);
  int guessed_context(ContextSpec context, int fits, int too_long, const FixedBytes& known) const;
  Device extra_device() const;
  std::optional<std::uint64_t> extra_memory(const ContextSpec& context);
  std::optional<std::uint64_t> smaller_weights(const ContextSpec& context, const FixedBytes& known);
  std::string why_on(const Device& device) const;
  Reason about_left_out() const;
  /// Whose tables say how quick devices are that were not measured.
  void add_rates(Plan& plan) const;
  Plan fits(const FoundPlacement& found, const ContextSpec& context, int wanted) const;
  /// With the least memory of the devices that still reaches what the request asks for; or how near it comes.
  Plan reaching(FoundPlacement found, ContextSpec context, int wanted);
  bool reaches(const FoundPlacement& found) const;
  void say_what_would_reach(Plan& plan, const FoundPlacement& fastest, const ContextSpec& context) const;
  Plan does_not_fit(const ContextSpec& context, const std::optional<Longest>& longest);
  void add_changes(Plan& plan, const std::optional<Longest>& longest);

  const ModelProfile& profile_;
  const PlanRequest& request_;
  const PlanMemory& memory_;
  MachineView machine_;
  // What is asked for is looked for with all of `search_ms`; shorter contexts and what would help with a part of it each.
  static constexpr std::int64_t part_of_a_probe = 4;
  SearchBudget budget_ = {};
  std::int64_t share_ = 0;  ///< tensors of one search
};

}  // namespace berth::plan
