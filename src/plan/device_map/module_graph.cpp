#include "plan/device_map/module_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "text/printable.h"

namespace berth::plan {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 48;  // and elements, of all tensors together
constexpr std::size_t deepest = 256;                          // parts of a name
constexpr std::size_t most_places = 1 << 20;  // of modules, those that stand in several places counted at each
constexpr std::size_t most_ties = 4096;       // names in groups of ties

[[noreturn]] void refuse(std::string_view what, std::string_view name, std::string_view problem) {
  throw std::invalid_argument(fmt::format("{} {} {}", what, in_quotes(name), problem));
}

void check_name(std::string_view what, std::string_view name) {
  if (static_cast<std::size_t>(std::ranges::count(name, '.')) >= deepest)
    refuse(what, name, fmt::format("lies in more than {} modules", deepest));
}

}  // namespace

std::string_view parent_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

std::string joined(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : fmt::format("{}.{}", parent, name);
}

bool is_under(std::string_view name, std::string_view path) {
  return path.empty() || (name.starts_with(path) && (name.size() == path.size() || name[path.size()] == '.'));
}

ModuleGraph::ModuleGraph(const ModuleTree& tree) : tree_(tree), nodes_(tree.modules.size()) {
  add_modules();
  add_tensors();
  check_ties();
  check_size();
}

void ModuleGraph::add_modules() {
  if (tree_.modules.empty() || !tree_.modules.front().path.empty())
    throw std::invalid_argument("The first module of a tree has to be the model itself, with an empty path");
  first_place_.reserve(tree_.modules.size());
  for (std::size_t i = 0; i < tree_.modules.size(); ++i) {
    const auto& [path, class_name, no_split, same_as] = tree_.modules[i];
    check_name("module", path);
    if (!modules_.emplace(path, i).second) refuse("module", path, "is there twice");
    first_place_.push_back(i);
    if (!same_as.empty()) {
      const auto found = modules_.find(same_as);
      if (found == modules_.end() || found->second == i)
        refuse("module", path, "is said to be the same as " + in_quotes(same_as) + ", which is no earlier module");
      first_place_[i] = first_place_[found->second];
    }
    if (i == 0) continue;
    const auto parent = modules_.find(parent_of(path));
    if (parent == modules_.end() || parent->second == i) refuse("module", path, "has no parent before it");
    auto& siblings = nodes_[parent->second].children;
    const auto is_same = [&](const Member& each) { return each.index == first_place_[i]; };
    if (same_as.empty() || std::ranges::none_of(siblings, is_same))
      siblings.push_back({last_part(path), first_place_[i]});
  }
}

void ModuleGraph::add_tensors() {
  std::uint64_t bytes = 0;
  std::uint64_t all_elements = 0;
  original_.reserve(tree_.tensors.size());
  for (std::size_t i = 0; i < tree_.tensors.size(); ++i) {
    const auto& tensor = tree_.tensors[i];
    check_name("tensor", tensor.name);
    if (!tensors_.emplace(tensor.name, i).second) refuse("tensor", tensor.name, "is there twice");
    if (modules_.contains(tensor.name)) refuse("tensor", tensor.name, "has the name of a module");
    if (tensor.bytes > most_bytes - bytes) refuse("tensor", tensor.name, "makes the model larger than 2^48 bytes");
    std::uint64_t elements = 1;
    for (const auto n : tensor.shape) {
      if (n != 0 && elements > most_bytes / n) refuse("tensor", tensor.name, "has more than 2^48 elements");
      elements *= n;
    }
    bytes += tensor.bytes;
    if (elements > most_bytes - all_elements)
      refuse("tensor", tensor.name, "makes the model larger than 2^48 elements");
    all_elements += elements;
    original_.push_back(i);
    if (!tensor.alias_of.empty()) {
      const auto found = tensors_.find(tensor.alias_of);
      if (found == tensors_.end() || found->second == i)
        refuse("tensor", tensor.name, "is said to be " + in_quotes(tensor.alias_of) + ", which is no earlier tensor");
      original_[i] = original_[found->second];
    }
    const auto parent = modules_.find(parent_of(tensor.name));
    if (parent == modules_.end()) refuse("tensor", tensor.name, "lies in no module");
    auto& node = nodes_[parent->second];
    auto& members = tensor.kind == TensorKind::parameter ? node.parameters : node.buffers;
    const auto is_same = [&](const Member& each) { return original_[each.index] == original_[i]; };
    if (tensor.alias_of.empty() || std::ranges::none_of(members, is_same))
      members.push_back({last_part(tensor.name), i});
  }
}

void ModuleGraph::check_ties() const {
  std::size_t names = 0;
  for (const auto& group : tree_.tied)
    for (const auto& name : group) {
      if (++names > most_ties) throw std::invalid_argument(fmt::format("More than {} tied names", most_ties));
      if (!tensors_.contains(name)) refuse("tied tensor", name, "is not in the tree");
    }
}

/// Modules that stand in several places could make the tree endless, or far larger than its description.
void ModuleGraph::check_size() const {
  std::vector<std::size_t> parents(nodes_.size());
  for (const auto& node : nodes_)
    for (const auto& child : node.children) ++parents[child.index];
  std::vector<std::size_t> order;  // parents first
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (parents[i] == 0) order.push_back(i);
  for (std::size_t i = 0; i < order.size(); ++i)
    for (const auto& child : nodes_[order[i]].children)
      if (--parents[child.index] == 0) order.push_back(child.index);
  if (order.size() < nodes_.size()) {
    const auto in_itself = std::ranges::find_if(parents, [](std::size_t n) { return n > 0; }) - parents.begin();
    refuse("module", tree_.modules[static_cast<std::size_t>(in_itself)].path, "lies in itself");
  }
  std::vector<std::size_t> places(nodes_.size(), 1);
  std::vector<std::size_t> depths(nodes_.size(), 1);
  for (auto i = order.rbegin(); i != order.rend(); ++i)
    for (const auto& child : nodes_[*i].children) {
      places[*i] = std::min(places[*i] + places[child.index], most_places + 1);
      depths[*i] = std::max(depths[*i], depths[child.index] + 1);
    }
  if (places[0] > most_places || depths[0] > deepest + 1)
    throw std::invalid_argument(
        fmt::format("Modules that stand in several places make the tree larger than {} modules or deeper than {}",
                    most_places, deepest));
}

}  // namespace berth::plan
