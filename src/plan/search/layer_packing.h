/// Layers put into memories part by part, where they do not fit whole.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace berth::plan {

/// One layer, or what else follows the layers in their order.
struct PackedItem {
  std::uint64_t stays = 0;                ///< bytes that lie on the device of the layer
  std::vector<std::uint64_t> parts = {};  ///< bytes of each part that may lie apart
};

/// What a place has to do with parts that lie apart: a bit for each.
struct PackingRole {
  static constexpr std::size_t takes = 1;  ///< it holds some of layers elsewhere
  static constexpr std::size_t gives = 2;  ///< its own layers have some elsewhere
  static constexpr std::size_t count = 4;
};

/// A memory that layers or their parts may be in.
struct PackingPlace {
  std::uint64_t room = 0;
  std::size_t pool = 0;     ///< among `pools` of the question
  bool has_layers = false;  ///< it holds a run of layers, which is never empty
  bool is_used = false;     ///< whatever is packed
  std::array<std::int64_t, PackingRole::count> held =
      {};  ///< bytes besides what is packed, by its role, once it is used
};

struct LayerPacking {
  std::vector<std::size_t> layers;              ///< the place of each item
  std::vector<std::vector<std::size_t>> parts;  ///< the place of each of its parts

  bool operator==(const LayerPacking&) const = default;
};

/// Of places that could hold the same bytes: whether the first layers are divided, or the last ones.
enum class DividedFirst { first_layers, last_layers };

/// Runs of items, in the order of the places that have layers, and their parts with them or apart: as much as goes is whole, and on
/// the later places. `pools`: bytes that places share. The first that is `good_enough`; none is missed as long as `steps` last,
/// unless another holds the same bytes of each place. Steps that were taken are subtracted.
std::optional<LayerPacking> pack_layers(const std::vector<PackedItem>& items, const std::vector<PackingPlace>& places,
                                        const std::vector<std::uint64_t>& pools, DividedFirst order,
                                        std::int64_t& steps,
                                        const std::function<bool(const LayerPacking&)>& good_enough);

}  // namespace berth::plan
