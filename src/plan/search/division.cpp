#include "plan/search/division.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace berth::plan {
namespace {

constexpr std::int64_t steps_per_tensor = 40;   // of a packing, in the time that the memory function takes for a tensor
constexpr std::int64_t part_of_a_packing = 16;  // of what is left of the budget

std::vector<Outside> outside_of_layers(const ModelParts& parts, const MachineView& machine) {
  std::vector<Outside> all(1);
  if (parts.input_bytes > 0)
    for (const auto& device : machine.devices) all.push_back({.input = device.device});
  if (parts.loose.empty()) return all;
  const auto without = all;
  for (const auto& each : without)
    for (const auto& device : machine.devices) all.push_back({each.input, device.device});
  return all;
}

/// All choices of places for layers, or those of one place, of all and of all but one where that are too many.
std::vector<Shape> shapes(std::size_t outside, std::size_t places) {
  constexpr std::size_t few = 6;
  const Places all = place_bit(places) - 1;
  std::vector<Places> choices;
  for (Places each = 1; places <= few && each <= all; ++each) choices.push_back(each);
  if (choices.empty()) {
    choices.push_back(all);
    for (std::size_t place = 0; place < places; ++place)
      choices.insert(choices.end(), {all & ~place_bit(place), place_bit(place)});
  }
  std::vector<Shape> found;
  for (std::size_t i = 0; i < outside; ++i)
    for (std::size_t moves = 0; moves < movable_parts.size(); ++moves)
      for (const auto layers : choices) found.push_back({i, moves, layers});
  return found;
}

std::vector<PlaceRole> roles_in(const LayerPacking& packing, const std::vector<PackedItem>& items, std::size_t places) {
  std::vector<PlaceRole> roles(places);
  std::size_t at = places;
  const auto go_to = [&](std::size_t place) {
    if (place != at) ++roles[place].entries;
    at = place;
  };
  for (std::size_t i = 0; i < packing.layers.size(); ++i) {
    auto& own = roles[packing.layers[i]];
    own.layers = std::min<std::size_t>(own.layers + 1, 3);
    for (std::size_t part = packing.parts[i].size(); part-- > 0;) {  // as movable_parts go from the last one on
      if (items[i].parts[part] > 0) go_to(packing.parts[i][part]);
      if (movable_parts[part] == PartKind::attention) go_to(packing.layers[i]);  // the cache is there
      if (packing.parts[i][part] == packing.layers[i]) continue;
      ++roles[packing.parts[i][part]].takes[part];
      ++own.gives[part];
    }
  }
  return roles;
}

bool is_whole(const LayerPacking& packing) {
  for (std::size_t i = 0; i < packing.layers.size(); ++i)
    if (is_divided(packing, i)) return false;
  return true;
}

std::uint64_t bytes_of(const LayerPart& layer, PartKind part) {
  return part == PartKind::attention ? layer.attention_bytes
         : part == PartKind::dense   ? layer.dense_bytes
                                     : layer.expert_bytes;
}

std::vector<PackedItem> packed_items(const ModelParts& parts, std::size_t moves) {
  std::vector<PackedItem> items;
  for (const auto& layer : parts.layers) {
    auto& item = items.emplace_back(PackedItem{.stays = layer.bytes});
    for (std::size_t part = 0; part < movable_parts.size(); ++part) {
      item.parts.push_back(part > moves ? 0 : std::min(bytes_of(layer, movable_parts[part]), item.stays));
      item.stays -= item.parts.back();
    }
  }
  return items;
}

}  // namespace

bool is_divided(const LayerPacking& packing, std::size_t layer) {
  return std::ranges::any_of(packing.parts[layer], [&](std::size_t place) { return place != packing.layers[layer]; });
}

Division::Division(const MachineView& machine, const PlanRequest& request, const ModelParts& parts)
    : machine_(machine), outside_(outside_of_layers(parts, machine)), besides_(parts.spare) {
  for (const auto& outside : outside_) {
    auto& variant = variants_.emplace_back(Variant{.parts = parts});
    if (outside.input) variant.parts.move_input(*outside.input);
    if (outside.loose) variant.parts.move_loose(0, *outside.loose);
    for (std::size_t moves = 0; moves < movable_parts.size(); ++moves)
      variant.items[moves] = packed_items(variant.parts, moves);
    for (const auto& layer : variant.parts.layers) variant.total += layer.bytes;
    const CutSearch search(machine, request, variant.parts, {});
    for (std::size_t place = 0; place < places(); ++place)
      variant.held.push_back(search.besides_layers(device_at(place).device));
  }
  std::map<std::string, std::size_t> pools;
  for (std::size_t place = 0; place < places(); ++place) {
    const auto& device = device_at(place);
    const auto [known, is_new] = pools.emplace(device.pool, pools_.size());
    const auto pool = machine.pools.find(device.pool);
    if (is_new) pools_.push_back(pool == machine.pools.end() ? std::uint64_t{1} << 60 : pool->second);
    pool_of_.push_back(known->second);
  }
  shapes_ = shapes(outside_.size(), places());
  std::erase_if(shapes_, [&](const Shape& shape) {
    const auto& output = variants_[shape.outside].parts.output;
    return output && (shape.layers >> place_of(*output)) != 1;
  });
  is_closed_.resize(shapes_.size());
  questions_.resize(shapes_.size());
  open_ = shapes_.size();
}

void Division::close(std::size_t which) {
  if (!is_closed_[which]) --open_;
  is_closed_[which] = true;
}

std::vector<std::size_t> Division::in_round(std::size_t round) const {
  std::vector<std::pair<std::int64_t, std::size_t>> found;
  for (std::size_t which = 0; which < shapes_.size(); ++which)
    if (!is_closed_[which] && shapes_[which].moves + (shapes_[which].outside > 0 ? 1 : 0) <= round)
      found.emplace_back(-spare(which, true), which);
  std::ranges::sort(found);
  std::vector<std::size_t> order;
  for (const auto& [spare, which] : found) order.push_back(which);
  return order;
}

std::optional<LayerPacking> Division::pack(std::size_t which, SearchBudget& budget) const {
  auto orders = std::array{DividedFirst::first_layers, DividedFirst::last_layers};
  if (questions_[which] % 2 == 1) std::swap(orders[0], orders[1]);
  for (const auto& [guess, order] :
       {std::pair(true, orders[0]), std::pair(false, orders[0]), std::pair(false, orders[1])}) {
    if (spare(which, guess) < 0) continue;
    const auto most = std::max<std::int64_t>(budget.tensors / part_of_a_packing, 1) * steps_per_tensor;
    auto steps = most;
    auto packed = pack_layers(items_of(which), places_of(which, guess), pools_, order, steps,
                              [&](const LayerPacking& packing) { return could_fit(which, packing); });
    budget.tensors -= (most - steps) / steps_per_tensor;
    if (packed) return packed;
  }
  return std::nullopt;
}

ModelParts Division::divided(std::size_t which, const LayerPacking& packing) const {
  auto parts = variants_[shapes_[which].outside].parts;
  for (std::size_t i = 0; i < packing.layers.size(); ++i)
    for (std::size_t part = 0; part < movable_parts.size(); ++part)
      if (packing.parts[i][part] != packing.layers[i])
        parts.move_part(i, movable_parts[part], device_at(packing.parts[i][part]).device);
  return parts;
}

Cut Division::cut_of(const LayerPacking& packing) {
  Cut cut{.stages = {0, {}, 0}, .expert_layers = 0};
  for (std::size_t i = 0; i < packing.layers.size(); ++i) {
    const auto place = packing.layers[i];
    if (place == 0)
      cut.stages.start = i + 1;
    else if (cut.stages.runs.empty() || cut.stages.runs.back().device != place - 1)
      cut.stages.runs.push_back({place - 1, i, 1});
    else
      ++cut.stages.runs.back().count;
  }
  return cut;
}

void Division::learn(std::size_t which, const LayerPacking& packing, const std::vector<DeviceUse>& uses) {
  ++questions_[which];
  const auto put = put_on(which, packing);
  const auto roles = roles_in(packing, items_of(which), places());
  for (std::size_t place = 0; place < places(); ++place) {
    const auto use = std::ranges::find(uses, device_at(place).device, &DeviceUse::device);
    if (use != uses.end()) besides_.learn(shapes_[which], place, roles[place], signed_bytes(use->total()) - put[place]);
  }
}

std::vector<std::int64_t> Division::put_on(std::size_t which, const LayerPacking& packing) const {
  const auto& items = items_of(which);
  std::vector<std::int64_t> put;
  for (std::size_t place = 0; place < places(); ++place)
    put.push_back(signed_bytes(variants_[shapes_[which].outside].held[place]) - saved(which, place));
  for (std::size_t i = 0; i < packing.layers.size(); ++i) {
    put[packing.layers[i]] += signed_bytes(items[i].stays);
    for (std::size_t part = 0; part < packing.parts[i].size(); ++part)
      put[packing.parts[i][part]] += signed_bytes(items[i].parts[part]);
  }
  return put;
}

bool Division::could_fit(std::size_t which, const LayerPacking& packing) const {
  if (shapes_[which].outside == 0 && is_whole(packing)) return false;  // that was tried
  const auto put = put_on(which, packing);
  const auto roles = roles_in(packing, items_of(which), places());
  std::vector<std::int64_t> left;
  for (const auto bytes : pools_) left.push_back(signed_bytes(bytes));
  for (std::size_t place = 0; place < places(); ++place) {
    const auto held = besides_.seen(shapes_[which], place, roles[place]);
    const auto bytes = std::max<std::int64_t>(put[place] + held.value_or(0), 0);
    left[pool_of_[place]] -= bytes;
    if (held && bytes > signed_bytes(device_at(place).room)) return false;
  }
  return std::ranges::all_of(left, [](std::int64_t bytes) { return bytes >= 0; });
}

std::size_t Division::place_of(const Device& device) const {
  for (std::size_t place = 1; place < places(); ++place)
    if (device_at(place).device == device) return place;
  return 0;
}

std::int64_t Division::spare(std::size_t which, bool guess) const {
  std::vector<std::int64_t> left;
  for (const auto bytes : pools_) left.push_back(signed_bytes(bytes));
  auto sum = -signed_bytes(variants_[shapes_[which].outside].total);
  for (const auto& place : places_of(which, guess)) {
    auto& pool = left[place.pool];
    const auto usable = std::min(signed_bytes(place.room) - std::ranges::min(place.held), pool);
    if (usable < 0 && (place.has_layers || place.is_used)) return usable;
    pool -= std::max<std::int64_t>(usable, 0);
    sum += std::max<std::int64_t>(usable, 0);
  }
  return sum;
}

std::vector<PackingPlace> Division::places_of(std::size_t which, bool guess) const {
  const auto& shape = shapes_[which];
  std::vector<PackingPlace> all;
  for (std::size_t place = 0; place < places(); ++place) {
    const auto held = variants_[shape.outside].held[place];
    auto& each = all.emplace_back(PackingPlace{.room = device_at(place).room,
                                               .pool = pool_of_[place],
                                               .has_layers = (shape.layers & place_bit(place)) != 0,
                                               .is_used = place == 0 || held > 0});
    for (std::size_t role = 0; role < each.held.size(); ++role)
      each.held[role] = signed_bytes(held) - saved(which, place) + besides_.least(shape, place, role, guess);
  }
  return all;
}

std::int64_t Division::saved(std::size_t which, std::size_t place) const {
  const auto& shape = shapes_[which];
  return place == 0 && shape.layers == place_bit(0) ? signed_bytes(variants_[shape.outside].parts.saved_on_cpu) : 0;
}

}  // namespace berth::plan
