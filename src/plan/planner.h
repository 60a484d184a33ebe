/// Decides about context and changes around the search of placements.
#pragma once

#include <optional>
#include <string>

#include "berth/plan.h"
#include "plan/machine_view.h"
#include "plan/model_parts.h"
#include "plan/placement_search.h"

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
  std::optional<FoundPlacement> find(const ContextSpec& context, const FixedBytes& known = {});
  /// On a CPU with all the memory that one could wish for.
  std::optional<FoundPlacement> nearest(const ModelParts& parts, const ContextSpec& context) const;
  struct Longest {
    int n_ctx;
    FoundPlacement found;
  };
  /// Between `least` and that of `context`, which does not fit itself. Guesses need no graphs, and what fits is found
  /// nearly at once; the answer itself was asked of the memory function. Without `uses_known`, each placement is found as
  /// make() would find it.
  std::optional<Longest> longest_context(ContextSpec context, int least, bool uses_known = true);
  int guessed_context(ContextSpec context, int fits, int too_long, const FixedBytes& known) const;
  std::optional<std::uint64_t> extra_memory(const ContextSpec& context, const FixedBytes& known) const;
  std::optional<std::uint64_t> smaller_weights(const ContextSpec& context, const FixedBytes& known) const;
  std::string why_on(const Device& device) const;
  Plan fits(const FoundPlacement& found, const ContextSpec& context, int wanted) const;
  /// With the least memory of the devices that still reaches what the request asks for; or how near it comes.
  Plan reaching(FoundPlacement found, ContextSpec context, int wanted);
  bool reaches(const FoundPlacement& found) const;
  void say_what_would_reach(Plan& plan, const FoundPlacement& fastest, const ContextSpec& context) const;
  Plan does_not_fit(const ContextSpec& context);
  void add_changes(Plan& plan);

  const ModelProfile& profile_;
  const PlanRequest& request_;
  const PlanMemory& memory_;
  MachineView machine_;
  SearchBudget budget_ = {};
};

}  // namespace berth::plan
