/// The best placement of a model in one context.
#pragma once

#include <optional>
#include <vector>

#include "berth/plan.h"
#include "plan/search/cut_search.h"
#include "plan/search/model_parts.h"
#include "plan/speed/machine_view.h"

namespace berth::plan {

struct FoundPlacement {
  Placement placement;
  Cut cut;
  std::vector<DeviceUse> use;
  double cost = 0;                 ///< what was made least: seconds, and the price of each device where few are wanted
  double seconds = 0;              ///< of one token that is written, as predicted
  double full_seconds = 0;         ///< the same once the context is full
  double prompt_seconds = 0;       ///< of one token of a prompt
  std::size_t on_cpu = 0;          ///< the first layers, those on the disk among them
  std::size_t on_disk = 0;         ///< the first ones of those
  std::size_t experts_on_cpu = 0;  ///< of layers that are on other devices
  Device slowest = Device::cpu();  ///< that takes the most time
  std::vector<Reason> notes = {};  ///< what a strategy wanted otherwise
  bool is_quickest = false;        ///< no cut of whole layers that fits takes less, whatever its buffers are
  bool is_narrowed = false;        ///< those that take less were asked one by one as far as the budget went, or none fits
};

/// To read what one sequence keeps in the cache once that is full. Sequences share it equally.
double cache_seconds(const MachineView& machine, const std::vector<DeviceUse>& use, const ContextSpec& context);

/// What may still be asked of the memory function, in tensors of the model for each question.
struct SearchBudget {
  static constexpr std::int64_t tensors_per_ms = 80;   // seen: 11 to 17 us for each tensor
  static constexpr std::int64_t tensors_besides = 16;  // what a question costs beside the tensors of the model

  static std::int64_t of_question(const ModelParts& parts) {
    return static_cast<std::int64_t>(parts.tensor_count) + tensors_besides;
  }

  std::int64_t tensors = 0;
};

/// Searches all cuts of the layers into runs: the first on the CPU, then one for each device in order; and with that, for
/// each n, the experts of the first n layers on the CPU. `memory` has the last word: what it finds too large is not
/// answered. Where compute and overhead of a device are the same however much it holds, the answer is the quickest
/// placement there is, and none means that there is none.
class PlacementSearch {
 public:
  PlacementSearch(const MachineView& machine, const PlanRequest& request, const MemoryFunction& memory)
      : machine_(machine), request_(request), memory_(memory) {}

  /// May miss a placement where compute buffers differ from cut to cut. `known`: what is known of compute buffers and overhead;
  /// the nearer to the truth, the fewer questions to `memory`.
  std::optional<FoundPlacement> find(const ModelParts& parts, const ContextSpec& context,
                                     const FixedBytes& known = {}) const;

  /// The same where next to nothing is to spare: the compute buffers of one cut tell little of another's, so that cuts
  /// whose weights and cache alone fit are tried one by one, those first that seem to leave the most. None is missed as
  /// long as `budget` lasts. With `best`, which fits, those that take less, the least first.
  std::optional<FoundPlacement> find_narrow(const ModelParts& parts, const ContextSpec& context, SearchBudget& budget,
                                            std::optional<FoundPlacement> best = {}) const;

  /// Where no cut of whole layers fits: with the embeddings on another device than the CPU, or parts of layers apart from
  /// them. None is missed as long as `budget` lasts, unless buffers differ between placements of one shape.
  std::optional<FoundPlacement> find_divided(const ModelParts& parts, const ContextSpec& context,
                                             SearchBudget& budget) const;

  /// The last resort: the embeddings, and as few of the first layers as can be, stay in the mapped file.
  std::optional<FoundPlacement> find_on_disk(const ModelParts& parts, const ContextSpec& context, SearchBudget& budget,
                                             std::size_t most_layers) const;

  /// By a strategy of accelerate.
  std::optional<FoundPlacement> find_by_strategy(const ModelParts& parts, const ContextSpec& context) const;

  /// Whether there would be a placement if compute buffers and overhead were `known`. `memory` is not asked.
  bool could_fit(const ModelParts& parts, const FixedBytes& known) const;

  /// Where `use` is more than there is.
  std::vector<Shortfall> shortfalls(const std::vector<DeviceUse>& use) const;

 private:
  std::optional<FoundPlacement> try_parts(const ModelParts& parts, const ContextSpec& context,
                                          SearchBudget& budget) const;
  FoundPlacement placed(const CutSearch& search, const Cut& cut, const ModelParts& parts,
                        const ContextSpec& context) const;
  /// `compat`: accelerate's own map, even where it is a bad one.
  std::optional<FoundPlacement> find_by_strategy(const ModelParts& parts, const ContextSpec& context,
                                                 bool compat) const;
  /// 0 is the CPU, then the devices of the machine.
  std::optional<std::size_t> place_of(const Device& device) const;
  /// As much of the map as the engine can do: as many layers on each device, those of the disk and the CPU first.
  FoundPlacement carried_out(const DeviceMapPlan& map, const ModelParts& parts, const ContextSpec& context) const;
  /// Once what was learned of all placements leaves no room: with what single ones that were `seen` really held.
  std::optional<FoundPlacement> find_again(CutSearch search, std::vector<std::vector<DeviceUse>> seen,
                                           const ModelParts& parts, const ContextSpec& context) const;
  /// What was learned of other placements may have been too much for `found`: with what that really holds, a quicker one
  /// may fit.
  FoundPlacement refined(CutSearch search, FoundPlacement found, const ModelParts& parts,
                         const ContextSpec& context) const;

  const MachineView& machine_;
  const PlanRequest& request_;
  const MemoryFunction& memory_;
};

}  // namespace berth::plan
