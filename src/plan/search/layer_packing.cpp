#include "plan/search/layer_packing.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

namespace berth::plan {
namespace {

/// From the last item to the first: devices are filled before the CPU, which comes first.
class Packer {
 public:
  Packer(const std::vector<PackedItem>& items, const std::vector<PackingPlace>& places,
         const std::vector<std::uint64_t>& pools, DividedFirst order, std::int64_t& steps,
         const std::function<bool(const LayerPacking&)>& good_enough)
      : items_(items),
        places_(places),
        pools_(pools),
        order_(order),
        steps_(steps),
        good_enough_(good_enough),
        states_(places.size()),
        pool_used_(pools.size()) {
    for (std::size_t place = 0; place < places.size(); ++place)
      if (places[place].has_layers) runs_.push_back(place);
    for (const auto& item : items) {
      all_of_first_.push_back(all_of_first_.back() + all_of(item));
      stay_of_first_.push_back(stay_of_first_.back() + item.stays);
      packing_.parts.emplace_back(item.parts.size());
    }
    packing_.layers.resize(items.size());
    for (std::size_t place = 0; place < places.size(); ++place) hold(place);
  }

  std::optional<LayerPacking> pack() {
    if (items_.empty() || runs_.empty() || !place_items(items_.size(), runs_.size())) return std::nullopt;
    return packing_;
  }

 private:
  static std::uint64_t all_of(const PackedItem& item) {
    return std::accumulate(item.parts.begin(), item.parts.end(), item.stays);
  }

  struct State {
    std::int64_t used = 0;
    std::int64_t held = 0;  // the least in its role, or in one that may follow
    int taken = 0;          // parts of layers elsewhere
    int given = 0;          // parts of its layers that are elsewhere
  };

  static std::size_t role_of(const State& state) {
    return (state.taken > 0 ? PackingRole::takes : 0) | (state.given > 0 ? PackingRole::gives : 0);
  }
  std::int64_t least_held(std::size_t place, std::size_t role) const {
    const auto& held = places_[place].held;
    auto least = held[role];
    for (std::size_t more = 0; more < PackingRole::count; ++more)
      if ((more & role) == role) least = std::min(least, held[more]);
    return least;
  }
  void hold(std::size_t place, std::int64_t bytes) {
    pool_used_[places_[place].pool] += bytes - states_[place].held;
    states_[place].held = bytes;
  }
  std::int64_t left(std::size_t place) const {
    const auto pool = places_[place].pool;
    return std::min(static_cast<std::int64_t>(places_[place].room) - states_[place].used - states_[place].held,
                    static_cast<std::int64_t>(pools_[pool]) - pool_used_[pool]);
  }
  void take(std::size_t place, std::int64_t bytes) {
    states_[place].used += bytes;
    pool_used_[places_[place].pool] += bytes;
  }
  void hold(std::size_t place) {
    const auto& state = states_[place];
    hold(place, is_used(place) ? least_held(place, role_of(state)) : 0);
  }
  bool is_used(std::size_t place) const {
    return places_[place].has_layers || places_[place].is_used || states_[place].taken > 0;
  }
  /// One more or less part of a layer on `own` lies on another place.
  void move_part(std::size_t own, std::size_t place, int more) {
    states_[place].taken += more;
    states_[own].given += more;
    hold(own);
    hold(place);
  }

  /// Whether the first `items` may fit into what is left, with the last of them in `runs_[run - 1]` or before.
  bool may_fit(std::size_t items, std::size_t run) const {
    std::int64_t everywhere = 0;
    std::int64_t in_runs = 0;
    for (std::size_t place = 0; place < places_.size(); ++place) {
      const auto bytes = std::max<std::int64_t>(left(place), 0);
      everywhere += bytes;
      if (places_[place].has_layers && run > 0 && place <= runs_[run - 1]) in_runs += bytes;
    }
    return static_cast<std::int64_t>(all_of_first_[items]) <= everywhere &&
           static_cast<std::int64_t>(stay_of_first_[items]) <= in_runs;
  }

  /// With what the places hold in the roles that they have now.
  bool is_packed() {
    for (std::size_t place = 0; place < places_.size(); ++place)
      if (is_used(place)) hold(place, places_[place].held[role_of(states_[place])]);
    bool fits = true;
    for (std::size_t place = 0; place < places_.size(); ++place) fits = fits && (!is_used(place) || left(place) >= 0);
    for (std::size_t place = 0; place < places_.size(); ++place) hold(place);
    return fits;
  }

  /// The first `items`, with the item behind them in `runs_[run]`.
  bool place_items(std::size_t items, std::size_t run) {
    if (items == 0) {
      if (run > 0 || !is_packed()) return false;
      steps_ -= static_cast<std::int64_t>(items_.size());
      return good_enough_(packing_);
    }
    if (run > items || --steps_ < 0 || !is_new(items, run)) return false;
    const auto& item = items_[items - 1];
    const bool whole_first = order_ == DividedFirst::first_layers;  // which come last
    for (const bool whole : {whole_first, !whole_first})
      for (const bool stays : {true, false}) {
        if (stays ? run == runs_.size() : run == 0) continue;
        const auto next = stays ? run : run - 1;
        const auto place = runs_[next];
        if (!may_fit(items, next + 1)) continue;
        const auto bytes = static_cast<std::int64_t>(whole ? all_of(item) : item.stays);
        packing_.layers[items - 1] = place;
        std::ranges::fill(packing_.parts[items - 1], place);
        take(place, bytes);
        if (left(place) >= 0 && (whole ? place_items(items - 1, next) : place_parts(items, next, 0, false)))
          return true;
        take(place, -bytes);
      }
    return false;
  }

  bool place_parts(std::size_t items, std::size_t run, std::size_t part, bool is_divided) {
    const auto& item = items_[items - 1];
    if (part == item.parts.size()) return is_divided && place_items(items - 1, run);
    if (--steps_ < 0) return false;
    const auto own = runs_[run];
    const auto bytes = static_cast<std::int64_t>(item.parts[part]);
    std::vector<std::size_t> order = {own};
    for (std::size_t place = 0; place < places_.size(); ++place)
      if (place != own && bytes > 0) order.push_back(place);
    std::stable_sort(order.begin() + 1, order.end(),
                     [&](std::size_t first, std::size_t second) { return left(first) > left(second); });
    for (const auto place : order) {
      const bool is_apart = place != own;
      packing_.parts[items - 1][part] = place;
      take(place, bytes);
      if (is_apart) move_part(own, place, 1);
      if (left(own) >= 0 && left(place) >= 0 && place_parts(items, run, part + 1, is_divided || is_apart)) return true;
      if (is_apart) move_part(own, place, -1);
      take(place, -bytes);
    }
    return false;
  }

  /// What failed once with the same left fails again.
  bool is_new(std::size_t items, std::size_t run) {
    std::uint64_t hash = items * 1000003 + run;
    for (const auto& state : states_) {
      hash ^=
          static_cast<std::uint64_t>(state.used) * 4 + role_of(state) + 0x9e3779b97f4a7c15 + (hash << 6) + (hash >> 2);
      hash *= 0xff51afd7ed558ccd;
    }
    return seen_.insert(hash).second;
  }

  const std::vector<PackedItem>& items_;
  const std::vector<PackingPlace>& places_;
  const std::vector<std::uint64_t>& pools_;
  DividedFirst order_;
  std::int64_t& steps_;
  const std::function<bool(const LayerPacking&)>& good_enough_;
  std::vector<State> states_;
  std::vector<std::int64_t> pool_used_;
  std::vector<std::size_t> runs_;
  std::vector<std::uint64_t> all_of_first_ = {0};
  std::vector<std::uint64_t> stay_of_first_ = {0};
  std::unordered_set<std::uint64_t> seen_;
  LayerPacking packing_;
};

}  // namespace

std::optional<LayerPacking> pack_layers(const std::vector<PackedItem>& items, const std::vector<PackingPlace>& places,
                                        const std::vector<std::uint64_t>& pools, DividedFirst order,
                                        std::int64_t& steps,
                                        const std::function<bool(const LayerPacking&)>& good_enough) {
  return Packer(items, places, pools, order, steps, good_enough).pack();
}

}  // namespace berth::plan
