#include "engine/encoder/module_map.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>
#include <utility>

#include "text/nearest.h"
#include "text/printable.h"

namespace berth::encoder {
namespace {

constexpr std::size_t most_listed_names = 5;

bool is_in_module(std::string_view tensor, std::string_view module) {
  return module.empty() || tensor == module ||
         (tensor.size() > module.size() && tensor.starts_with(module) && tensor[module.size()] == '.');
}

/// Modules and buffers without weights of their own, which maps made by accelerate may name.
bool has_no_weights(std::string_view name) {
  constexpr std::array<std::string_view, 16> known = {"dropout",
                                                      "activation",
                                                      "intermediate_act_fn",
                                                      "act",
                                                      "drop",
                                                      "rotary_emb",
                                                      "pooler_dropout",
                                                      "decoder",
                                                      "transform_act_fn",
                                                      "first_dropout",
                                                      "last_dropout",
                                                      "mlm_loss_fct",
                                                      "position_ids",
                                                      "token_type_ids",
                                                      "vocab_projector",
                                                      "generator_lm_head"};
  const auto last = name.substr(name.rfind('.') == name.npos ? 0 : name.rfind('.') + 1);
  return std::ranges::find(known, last) != known.end();
}

}  // namespace

ModuleMap::ModuleMap(const ComponentDevice& device, std::string base) : base_(std::move(base)) {
  if (const auto* single = device.single()) {
    devices_ = {*single};
    entries_ = {{"", 0}};
    return;
  }
  for (const auto& [name, each] : *device.multiple()) {
    if (each.type() == DeviceType::disk)
      throw std::invalid_argument(fmt::format(
          "The device map puts {} on the disk; an encoder computes from memory: name a device", in_quotes(name)));
    auto found = std::ranges::find(devices_, each);
    if (found == devices_.end()) found = devices_.insert(devices_.end(), each);
    entries_.push_back({name, static_cast<std::size_t>(found - devices_.begin())});
  }
  if (entries_.empty()) throw std::invalid_argument("The device map is empty; name at least one device");
}

std::size_t ModuleMap::device_of(const TensorName& tensor) {
  tensors_.push_back(tensor);
  Entry* best = nullptr;
  std::size_t best_length = 0;
  const auto consider = [&](Entry& entry, std::string_view form, std::size_t left_away) {
    if (!is_in_module(form, entry.name)) return;
    entry.used = true;
    const auto length = entry.name.empty() ? 0 : entry.name.size() + left_away;
    if (best == nullptr || length > best_length) {
      best = &entry;
      best_length = length;
    }
  };
  for (auto& entry : entries_) {
    if (tensor.of_base) {
      consider(entry, base_ + "." + tensor.in_model, 0);
      consider(entry, tensor.in_model, base_.size() + 1);
    } else {
      consider(entry, tensor.in_model, 0);
    }
  }
  if (best == nullptr) left_out_.push_back(tensor.in_file);
  return best == nullptr ? 0 : best->device;
}

bool ModuleMap::names_something(std::string_view name, const std::vector<std::string>& file_names) const {
  const auto with_base = fmt::format("{}.{}", base_, name);
  const auto without_base = name.starts_with(base_ + ".") ? name.substr(base_.size() + 1) : name;
  return std::ranges::any_of(file_names, [&](const std::string& each) {
    return is_in_module(each, name) || is_in_module(each, with_base) || is_in_module(each, without_base);
  });
}

std::vector<std::string> ModuleMap::module_names() const {
  std::set<std::string> names;
  for (const auto& tensor : tensors_) {
    auto name = tensor.of_base ? base_ + "." + tensor.in_model : tensor.in_model;
    for (auto dot = name.rfind('.'); dot != name.npos; dot = name.rfind('.')) {
      name.resize(dot);
      names.insert(name);
    }
  }
  return {names.begin(), names.end()};
}

void ModuleMap::check(const std::vector<std::string>& file_names) const {
  for (const auto& entry : entries_) {
    if (entry.used || names_something(entry.name, file_names) || has_no_weights(entry.name)) continue;
    const auto names = module_names();
    auto like = nearest(entry.name, names);
    if (like.empty()) like = nearest(fmt::format("{}.{}", base_, entry.name), names);
    throw std::invalid_argument(fmt::format(
        "The device map names {}, which this model does not have{}", in_quotes(entry.name),
        like.empty() ? fmt::format("; its modules are such as {}",
                                   fmt::join(names.begin(),
                                             names.begin() +
                                                 static_cast<std::ptrdiff_t>(std::min(most_listed_names, names.size())),
                                             ", "))
                     : fmt::format("; did you mean '{}'?", like)));
  }
  if (left_out_.empty()) return;
  const auto shown = std::min(most_listed_names, left_out_.size());
  throw std::invalid_argument(
      fmt::format("The device map leaves out {} of {} tensors: {}{}; add their modules, or \"\" for everything else",
                  left_out_.size(), tensors_.size(),
                  fmt::join(left_out_.begin(), left_out_.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                  shown < left_out_.size() ? ", ..." : ""));
}

}  // namespace berth::encoder
