/// The ways to pack a model into a machine where no cut of whole layers fits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "berth/plan.h"
#include "plan/search/held_besides.h"
#include "plan/search/layer_packing.h"
#include "plan/search/placement_search.h"

namespace berth::plan {

/// Where what lies outside of layers goes instead of to the CPU.
struct Outside {
  std::optional<Device> input = {};
  std::optional<Device> loose = {};  ///< the largest of ModelParts::loose
};

/// Whether parts of the layer lie apart from it.
bool is_divided(const LayerPacking& packing, std::size_t layer);

/// Packs parts of layers into what is left of a machine, by shapes: ways to place what is outside of layers, with the parts that may
/// lie apart and the places that have layers. What single placements really held is learned from.
class Division {
 public:
  Division(const MachineView& machine, const PlanRequest& request, const ModelParts& parts);

  const Outside& outside(std::size_t which) const { return outside_[shapes_[which].outside]; }

  bool is_open() const { return open_ > 0; }
  void close(std::size_t which);
  /// Those that are open, the ones first that seem to leave the most.
  std::vector<std::size_t> in_round(std::size_t round) const;
  /// None that is known to be too much. By what was seen of other shapes too, unless that is too much for this one.
  std::optional<LayerPacking> pack(std::size_t which, SearchBudget& budget) const;
  /// With the parts of layers where the packing has them.
  ModelParts divided(std::size_t which, const LayerPacking& packing) const;
  static Cut cut_of(const LayerPacking& packing);
  /// What a placement of the packing really holds, which is too much.
  void learn(std::size_t which, const LayerPacking& packing, const std::vector<DeviceUse>& uses);

 private:
  /// What one way to lay what is outside of layers leaves to be packed.
  struct Variant {
    ModelParts parts;
    std::array<std::vector<PackedItem>, movable_parts.size()> items = {};  ///< by Shape::moves
    std::vector<std::uint64_t> held = {};                                  ///< by place, whatever is packed
    std::uint64_t total = 0;                                               ///< of the items
  };

  const std::vector<PackedItem>& items_of(std::size_t which) const {
    return variants_[shapes_[which].outside].items[shapes_[which].moves];
  }
  /// Bytes by place, without what is held besides.
  std::vector<std::int64_t> put_on(std::size_t which, const LayerPacking& packing) const;
  /// By what was seen of its places in the roles that they have in it.
  bool could_fit(std::size_t which, const LayerPacking& packing) const;
  std::size_t places() const { return machine_.devices.size() + 1; }
  const PlanDevice& device_at(std::size_t place) const {
    return place == 0 ? machine_.cpu : machine_.devices[place - 1];
  }
  std::size_t place_of(const Device& device) const;
  /// Bytes that seem to be left; less than 0 where there are too few.
  std::int64_t spare(std::size_t which, bool guess) const;
  std::vector<PackingPlace> places_of(std::size_t which, bool guess) const;
  /// What the CPU holds once where it has all layers.
  std::int64_t saved(std::size_t which, std::size_t place) const;

  const MachineView& machine_;
  std::vector<Outside> outside_;
  std::vector<Variant> variants_;  // by what is outside
  std::vector<std::uint64_t> pools_;
  std::vector<std::size_t> pool_of_;  // by place
  std::vector<Shape> shapes_;
  std::vector<bool> is_closed_;
  std::vector<std::size_t> questions_;
  std::size_t open_ = 0;
  HeldBesides besides_;
};

}  // namespace berth::plan
