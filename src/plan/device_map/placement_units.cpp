#include "plan/device_map/placement_units.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "plan/device_map/torch_dtype_size.h"

namespace berth::plan {
namespace {

/// Sets of numbers that grow together.
class Sets {
 public:
  explicit Sets(std::size_t size) : parents_(size) { std::iota(parents_.begin(), parents_.end(), 0); }

  /// The smallest number of the set.
  std::size_t find(std::size_t i) {
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }
  void join(std::size_t a, std::size_t b) {
    a = find(a);
    b = find(b);
    parents_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::size_t> parents_;
};

/// The module that stays whole and holds a path: itself, or one above it.
std::unordered_map<std::string_view, std::string_view> whole_modules(const ModuleTree& tree) {
  std::unordered_map<std::string_view, std::string_view> whole;
  std::unordered_map<std::string_view, bool> is_parent;
  for (const auto& module : tree.modules)
    if (!module.path.empty()) is_parent[parent_of(module.path)] = true;
  for (const auto& module : tree.modules) {
    const std::string_view path = module.path;
    const auto above = path.empty() ? whole.end() : whole.find(parent_of(path));
    if (above != whole.end())
      whole.emplace(path, above->second);
    else if (module.no_split || !is_parent.contains(path))
      whole.emplace(path, path);
  }
  return whole;
}

/// The places of `keys` in the order of modules: by the first place below which they lie.
std::vector<std::size_t> in_order_of_modules(const std::vector<std::string_view>& keys, const ModuleTree& tree) {
  std::unordered_map<std::string_view, std::size_t> module_order;
  for (std::size_t i = 0; i < tree.modules.size(); ++i) module_order.emplace(tree.modules[i].path, i);
  const auto order_of = [&](std::string_view key) {
    const auto module = module_order.find(key);
    return module != module_order.end() ? module->second : module_order.at(parent_of(key));
  };
  std::vector<std::size_t> in_order(keys.size());
  std::iota(in_order.begin(), in_order.end(), 0);
  std::ranges::stable_sort(in_order, {}, [&](std::size_t i) { return order_of(keys[i]); });
  return in_order;
}

}  // namespace

std::vector<Unit> units_of(const ModuleGraph& graph, std::optional<std::string_view> dtype) {
  const auto& tree = graph.tree();
  const auto whole = whole_modules(tree);
  std::vector<std::string_view> keys;
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<std::size_t> unit_of(tree.tensors.size());
  for (std::size_t i = 0; i < tree.tensors.size(); ++i) {
    const std::string_view name = tree.tensors[i].name;
    const auto around = whole.find(parent_of(name));
    const auto key = around == whole.end() ? name : around->second;
    const auto [place, is_new] = places.emplace(key, keys.size());
    if (is_new) keys.push_back(key);
    unit_of[i] = place->second;
  }
  Sets sets(keys.size());
  std::unordered_map<std::string_view, std::size_t> by_name;
  for (std::size_t i = 0; i < tree.tensors.size(); ++i) {
    sets.join(unit_of[i], unit_of[graph.original(i)]);
    by_name.emplace(tree.tensors[i].name, i);
  }
  for (const auto& group : tree.tied)
    for (const auto& name : group) sets.join(unit_of[by_name.at(name)], unit_of[by_name.at(group.front())]);

  std::vector<Unit> units;
  std::unordered_map<std::size_t, std::size_t> unit_of_set;
  for (const auto key : in_order_of_modules(keys, tree)) {
    const auto [place, is_new] = unit_of_set.emplace(sets.find(key), units.size());
    if (is_new) units.push_back({{}, 0, tree.tensors.size()});
    units[place->second].names.emplace_back(keys[key]);
  }
  std::size_t rank = 0;
  for (const auto kind : {TensorKind::parameter, TensorKind::buffer})
    for (std::size_t i = 0; i < tree.tensors.size(); ++i) {
      if (tree.tensors[i].kind != kind) continue;
      auto& unit = units[unit_of_set.at(sets.find(unit_of[i]))];
      unit.first = std::min(unit.first, rank++);
      if (graph.original(i) == i) unit.bytes += loaded_bytes(tree.tensors[i], dtype);
    }
  return units;
}

}  // namespace berth::plan
