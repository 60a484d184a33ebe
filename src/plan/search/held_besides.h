/// What places hold beyond the parts of a model that were packed into them: compute buffers for the most.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

#include "plan/search/layer_packing.h"
#include "plan/search/model_parts.h"

namespace berth::plan {

/// In the order in which they may lie apart from their layers: those first whose place matters the least.
inline constexpr std::array movable_parts = {PartKind::experts, PartKind::dense, PartKind::attention};

using Places = std::uint32_t;  ///< a bit for each: the CPU, then the devices of the machine
constexpr Places place_bit(std::size_t place) { return Places{1} << place; }

/// What the compute buffers of a placement depend on the most, besides the roles of its places.
struct Shape {
  std::size_t outside = 0;
  std::size_t moves = 0;  ///< the first of movable_parts, at most, that may lie apart
  Places layers = 0;      ///< places that have some, or the output

  std::size_t without_moves() const { return std::size_t{layers} << 32 | outside; }
};

inline std::int64_t signed_bytes(std::uint64_t bytes) {
  return static_cast<std::int64_t>(std::min(bytes, std::uint64_t{1} << 60));
}

/// What a place has to do with a packing: how many layers it has, and which parts of layers elsewhere, or of its own that lie
/// elsewhere. Compute buffers are much the same where that is.
struct PlaceRole {
  std::size_t layers = 0;  ///< 3 for more
  std::array<std::size_t, movable_parts.size()> takes = {};
  std::array<std::size_t, movable_parts.size()> gives = {};
  std::size_t entries = 0;  ///< how often a token comes to it from another place

  std::size_t bits() const {
    return (takes != decltype(takes){} ? PackingRole::takes : 0) |
           (gives != decltype(gives){} ? PackingRole::gives : 0);
  }
  auto operator<=>(const PlaceRole&) const = default;
};

/// Learns from what single placements held.
class HeldBesides {
 public:
  /// `spare`: see ModelParts.
  explicit HeldBesides(std::uint64_t spare) : nothing_(-signed_bytes(spare)) {}

  /// The least that was seen of this very shape, or else, where that is wanted, of those that do much the same with the place.
  std::int64_t least(const Shape& shape, std::size_t place, std::size_t role, bool guess) const {
    if (!guess) return nothing_;
    if (const auto found = of_shape_.find({shape.without_moves(), place, role}); found != of_shape_.end())
      return found->second;
    for (const auto kind : {kind_of(shape, place), any_kind})
      for (const auto like : {role, any_role})
        if (const auto found = least_.find({place, like, kind}); found != least_.end()) return found->second;
    return nothing_;
  }
  /// The most that was seen in this very role.
  std::optional<std::int64_t> seen(const Shape& shape, std::size_t place, const PlaceRole& role) const {
    const auto found = seen_.find({shape.without_moves(), place, role});
    return found == seen_.end() ? std::nullopt : std::optional(found->second);
  }
  void learn(const Shape& shape, std::size_t place, const PlaceRole& role, std::int64_t bytes) {
    auto& most = seen_.try_emplace({shape.without_moves(), place, role}, bytes).first->second;
    most = std::max(most, bytes);
    const auto lower = [&](auto& known, std::size_t first, std::size_t second, std::size_t third) {
      auto& least = known.try_emplace({first, second, third}, bytes).first->second;
      least = std::min(least, bytes);
    };
    lower(of_shape_, shape.without_moves(), place, role.bits());
    for (const auto kind : {kind_of(shape, place), any_kind})
      for (const auto like : {role.bits(), any_role}) lower(least_, place, like, kind);
  }

 private:
  static constexpr std::size_t any_kind = movable_parts.size() * 4;
  static constexpr std::size_t any_role = PackingRole::count;
  /// Without layers, with some, and with the output.
  static std::size_t kind_of(const Shape& shape, std::size_t place) {
    const auto from_place = shape.layers >> place;
    return shape.moves * 4 + ((from_place & 1) == 0 ? 0 : from_place > 1 ? 1 : 2);
  }

  std::int64_t nothing_;
  std::map<std::array<std::size_t, 3>, std::int64_t> of_shape_;  // by shape, place and role
  std::map<std::array<std::size_t, 3>, std::int64_t> least_;     // by place, role and kind
  std::map<std::tuple<std::size_t, std::size_t, PlaceRole>, std::int64_t> seen_;
};

}  // namespace berth::plan
