/// What somebody may have meant by a name that a model does not have.
#include <fmt/format.h>

#include <algorithm>

#include "model/hf_role.h"
#include "model/tensor_role.h"
#include "plan/placement/layer_modules.h"
#include "plan/placement/part_names.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth::plan {
namespace {

constexpr std::size_t longest_name = 128;

/// The number of the layer that a name is of, in GGUF's words or in those of transformers.
std::optional<std::uint64_t> layer_of_name(std::string_view name, bool in_gguf) {
  TensorInfo asked;
  asked.name = std::string(name) + ".x.x";
  in_gguf ? model::set_role(asked) : model::set_hf_role(asked, false);
  return asked.layer;
}

}  // namespace

std::string PartNames::hint(std::string_view name) const {
  for (const bool in_gguf : {true, false})
    if (const auto layer = layer_of_name(name, in_gguf); layer && *layer >= layers_.size() && !layers_.empty())
      return fmt::format("; it has {} layers, 0 to {}", layers_.size(), layers_.size() - 1);
  if (const auto near = nearest_part(name); !near.empty()) return fmt::format("; did you mean '{}'?", printable(near));
  const auto names = known();
  if (names.empty()) return {};
  return fmt::format("; its parts are called '{}', '{}' and so on", printable(names.front()),
                     printable(names[1 % names.size()]));
}

/// Of the same layer where the name has one: the part that is written most like it, else the smallest that it begins with.
std::string PartNames::nearest_part(std::string_view name) const {
  if (name.size() > longest_name || layers_.empty()) return {};
  if (const auto layer = layer_of_name(name, true)) {
    const std::string_view stack = name.starts_with("enc.") || name.starts_with("dec.") ? name.substr(0, 4) : "";
    std::vector<std::string> own = {fmt::format("{}blk.{}", stack, *layer)};
    for (const auto i : layers_.at(*layer)) own.push_back(profile_.tensors[i].name);
    const auto near = nearest(name, own);
    return near.empty() ? own.front() : near;
  }
  const auto layer = layer_of_name(name, false);
  if (!layer || !modules_) return nearest(name, known());
  const auto whole = fmt::format("{}.{}", modules_->layers, *layer);
  const auto number = fmt::format(".{}.", *layer);
  const auto at = name.find(number);
  const auto inside = at == name.npos ? std::string_view() : name.substr(at + number.size());
  auto part = inside.empty() ? whole : fmt::format("{}.{}", whole, inside);
  if (!find(part))
    if (const auto near = nearest(inside, known_in_layer(whole)); !near.empty())
      return fmt::format("{}.{}", whole, near);
  while (part.size() > whole.size() && !find(part)) part.resize(part.find_last_of('.'));
  return part;
}

/// The usual names within a layer that this one has.
std::vector<std::string> PartNames::known_in_layer(std::string_view layer) const {
  std::vector<std::string> names;
  for (const auto name : usual_layer_names())
    if (find(fmt::format("{}.{}", layer, name))) names.emplace_back(name);
  return names;
}

/// Of the larger parts, in both vocabularies.
std::vector<std::string> PartNames::known() const {
  std::vector<std::string> names;
  if (modules_) {
    names = modules_->input;
    for (std::size_t i = 0; i < layers_.size(); ++i) names.push_back(fmt::format("{}.{}", modules_->layers, i));
    names.insert(names.end(), modules_->behind.begin(), modules_->behind.end());
    names.push_back(modules_->output);
  }
  for (std::size_t i = 0; i < stack_names_.size(); ++i) {
    const std::string_view module = stack_names_[i];
    names.emplace_back(module.substr(0, module.find_last_of('.')));
    if (const auto& layer = profile_.tensors[i].layer; layer && module.find(".block.") != module.npos)
      names.emplace_back(module.substr(0, module.find(".layer.")));
  }
  for (std::size_t i = 0; i < layers_.size() && stack_names_.empty(); ++i) names.push_back(fmt::format("blk.{}", i));
  for (const auto i : outside_) names.push_back(profile_.tensors[i].role);
  return names;
}

}  // namespace berth::plan
