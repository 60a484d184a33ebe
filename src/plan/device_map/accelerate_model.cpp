#include "plan/device_map/accelerate_model.h"

#include <algorithm>
#include <unordered_set>

#include "berth/device_map_plan.h"
#include "plan/device_map/torch_dtype_size.h"
#include "value/python_text.h"

namespace berth::plan {
namespace {

Count count_of(const ModuleTensor& tensor, std::optional<std::string_view> dtype) {
  const bool smallest_is_bool = tensor.dtype == "bool" || tensor.dtype == "torch.bool" ||
                                (dtype && is_converted(tensor.dtype) && counted_bits(*dtype) == 1);
  return {counted_bits(tensor, dtype), smallest_is_bool};
}

/// Whether `part`, with a dot behind it, occurs in `name` with a dot behind it. accelerate's test for being inside.
bool dotted_contains(std::string_view name, std::string_view part) {
  for (auto at = name.find(part); at != std::string_view::npos; at = name.find(part, at + 1)) {
    const auto end = at + part.size();
    if (end == name.size() || name[end] == '.') return true;
  }
  return false;
}

}  // namespace

std::string Count::str() const { return is_float ? python_float(as_double()) : std::to_string(eighths / 8); }

AccelerateModel::AccelerateModel(const ModuleGraph& graph, std::optional<std::string_view> dtype)
    : graph_(graph), dtype_(dtype) {
  std::unordered_map<std::string, std::size_t> places;
  const auto add = [&](std::string_view name, Count size) {
    const auto [place, is_new] = places.emplace(name, sizes_.size());
    if (is_new) sizes_.emplace_back(name, Count{});
    sizes_[place->second].second += size;
  };
  add("", {});
  for (const auto kind : {TensorKind::parameter, TensorKind::buffer})
    for (const auto& tensor : graph.tree().tensors) {
      if (tensor.kind != kind || !tensor.alias_of.empty()) continue;
      const auto size = count_of(tensor, dtype);
      const std::string_view name = tensor.name;
      add("", size);
      for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1))
        add(name.substr(0, dot), size);
      add(name, size);
    }
  for (std::size_t i = 0; i < sizes_.size(); ++i) by_name_.emplace(sizes_[i].first, i);
  for (std::size_t i = 0; i < graph.tree().modules.size(); ++i) modules_.emplace(graph.module(i).path, i);
}

Count AccelerateModel::size(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? Count{} : sizes_[found->second].second;
}

const ModuleInfo* AccelerateModel::module_at(std::string_view path) const {
  const auto found = modules_.find(path);
  return found == modules_.end() ? nullptr : &graph_.module(found->second);
}

std::vector<Item> AccelerateModel::parts(const Item& item) const {
  std::vector<Item> items;
  for (const auto& [name, index] : graph_.parameters(item.index))
    items.push_back({joined(item.name, name), true, index});
  for (const auto& [name, index] : graph_.children(item.index))
    items.push_back({joined(item.name, name), false, index});
  std::ranges::reverse(items);
  return items;
}

std::vector<Item> AccelerateModel::top() const {
  std::vector<Item> items;
  const auto& buffers = graph_.buffers(0);
  for (auto each = buffers.rbegin(); each != buffers.rend(); ++each)
    items.push_back({std::string(each->name), true, each->index});
  auto parts = this->parts({"", false, 0});
  std::ranges::move(parts, std::back_inserter(items));
  return items;
}

bool AccelerateModel::can_be_divided(const Item& item) const {
  return !item.is_tensor && !graph_.module(item.index).no_split && !graph_.children(item.index).empty();
}

Count AccelerateModel::buffer_size(const Item& item) const {
  Count size;
  std::unordered_set<std::size_t> modules;
  std::unordered_set<std::size_t> tensors;
  std::vector<std::size_t> to_see = {item.index};
  while (!to_see.empty()) {
    const auto module = to_see.back();
    to_see.pop_back();
    if (!modules.insert(module).second) continue;
    for (const auto& buffer : graph_.buffers(module)) {
      const auto original = graph_.original(buffer.index);
      if (tensors.insert(original).second) size += count_of(graph_.tensor(original), dtype_);
    }
    for (const auto& child : graph_.children(module)) to_see.push_back(child.index);
  }
  return size;
}

LargestLayer largest_layer(const AccelerateModel& model, std::vector<Item> items) {
  LargestLayer largest;
  while (!items.empty()) {
    auto item = std::move(items.back());
    items.pop_back();
    if (model.can_be_divided(item)) {
      auto parts = model.parts(item);
      std::erase_if(parts, [](const Item& part) { return part.is_tensor; });
      std::ranges::move(parts, std::back_inserter(items));
      continue;
    }
    const auto size = model.size(item.name);
    if (size > largest.size) {
      largest = {size, {std::move(item.name)}};
    } else if (size == largest.size) {
      largest.names.push_back(std::move(item.name));
    }
  }
  return largest;
}

std::vector<std::string_view> tied_outside(const AccelerateModel& model, std::string_view name) {
  std::vector<std::string_view> outside;
  for (const auto& group : model.tied()) {
    const auto is_inside = [&](const std::string& tied) { return dotted_contains(tied, name); };
    if (std::ranges::none_of(group, is_inside)) continue;
    for (const auto& tied : group)
      if (!is_inside(tied)) outside.push_back(tied);
  }
  return outside;
}

TiedSize size_with_ties(const AccelerateModel& model, std::string_view name, const std::vector<std::string_view>& tied,
                        const std::vector<Item>& waiting) {
  TiedSize result{model.size(name), {}};
  for (const auto parameter : tied) {
    const auto holder = std::find_if(waiting.rbegin(), waiting.rend(), [&](const Item& item) {
      return parameter.size() > item.name.size() && is_under(parameter, item.name);
    });
    if (holder == waiting.rend()) throw AccelerateError("IndexError", "list index out of range");
    result.names.push_back(holder->name);
    result.size += model.size(holder->name) - model.size(parameter);
  }
  return result;
}

}  // namespace berth::plan
