#include "plan/model_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "model/layers.h"
#include "plan/layer_of.h"
#include "text/nearest.h"
#include "text/printable.h"
#include "text/regex.h"

namespace berth::plan {
namespace {

constexpr int first_stand_in = 1'000'000;  // no device has such an id

bool is_expert(const TensorInfo& tensor) {
  return (tensor.role.empty() ? tensor.name : tensor.role).find("_exps") != std::string::npos;
}

bool is_output(const TensorInfo& tensor) {
  return (tensor.role.empty() ? tensor.name : tensor.role).starts_with("output");
}

bool is_embedding(const TensorInfo& tensor) {
  return tensor.name == "token_embd.weight" || tensor.role == "token_embd";
}

std::optional<double> metadata_number(const ModelProfile& profile, std::string_view name) {
  const auto* value = profile.metadata.find(fmt::format("{}.{}", profile.architecture, name));
  if (value == nullptr || !value->is_number() || !(value->as_double() > 0)) return std::nullopt;
  return value->as_double();
}

/// The part of the experts that one token reads.
double active_experts(const ModelProfile& profile) {
  const auto all = metadata_number(profile, "expert_count");
  const auto used = metadata_number(profile, "expert_used_count");
  return all && used ? std::min(*used / *all, 1.0) : 1.0;
}

/// What somebody may have meant by a pin that matches nothing.
std::string pin_hint(const ModelProfile& profile, std::string pattern) {
  std::erase(pattern, '\\');
  const auto count = profile.block_count.value_or(0);
  if (const auto layer = layer_of(pattern + "."); layer && *layer >= count)
    return fmt::format(": it has the layers 0 to {}", count - 1);
  std::vector<std::string> names;
  for (const auto& tensor : profile.tensors) names.push_back(tensor.name);
  const auto close = pattern.size() < 4 ? std::string() : nearest_part(pattern, names);
  if (!close.empty()) return fmt::format("; did you mean a part of {}?", in_quotes(close));
  if (pattern.find("_exps") != pattern.npos && std::ranges::none_of(profile.tensors, is_expert))
    return ": it has no experts";
  return names.empty() ? "" : fmt::format(", such as {}", in_quotes(names[names.size() / 2]));
}

}  // namespace

OrderedMap<Device> pinned_tensors(const ModelProfile& profile, const PlanRequest& request) {
  OrderedMap<Device> pinned;
  for (const auto& pin : request.pins) {
    const Regex pattern(pin.pattern);
    bool matches = false;
    for (const auto& tensor : profile.tensors) {
      if (!pattern.search(tensor.name)) continue;
      matches = true;
      if (!pinned.contains(tensor.name)) pinned.set(tensor.name, pin.device);
    }
    if (!matches)
      throw std::invalid_argument(fmt::format("The pin {} matches no tensor of the model{}", in_quotes(pin.pattern),
                                              pin_hint(profile, pin.pattern)));
  }
  if (!pinned.empty() && !request.rules.tensor_overrides)
    throw std::invalid_argument(request.rules.engine +
                                " cannot place single tensors, so that pins have no effect there");
  return pinned;
}

TokenWork token_work(const ModelProfile& profile) {
  constexpr std::uint64_t usual = 4096;
  constexpr double usual_flop_per_byte = 1;  // of F16
  const auto known = metadata_number(profile, "embedding_length");
  const auto width =
      known ? static_cast<std::uint64_t>(std::min(*known, 1e9)) : profile.embedding_length.value_or(usual);
  TokenWork work{.state_bytes = std::min(width, std::uint64_t{1} << 30) * 4, .flop_per_byte = usual_flop_per_byte};
  double elements = 0;
  double bytes = 0;
  for (const auto& tensor : profile.tensors) {
    if (is_embedding(tensor)) continue;
    double count = 1;
    for (const auto extent : tensor.shape) count *= static_cast<double>(extent);
    elements += count;
    bytes += static_cast<double>(tensor.bytes);
  }
  if (bytes > 0 && elements > 0) work.flop_per_byte = 2 * elements / bytes;
  return work;
}

ModelParts parts_of(const ModelProfile& profile, const PlanRequest& request, const ContextSpec& context,
                    const MemoryFunction& memory) {
  const auto count = profile.block_count.value_or(0);
  if (count == 0 || count > model::most_layers)
    throw std::invalid_argument(fmt::format("{} has {} layers, where a plan needs 1 to {}",
                                            in_quotes(profile.path.string()), count, model::most_layers));
  ModelParts parts;
  parts.pinned = pinned_tensors(profile, request);
  parts.layers.resize(count + 1);
  parts.tensor_count = profile.tensors.size();

  // A device for each layer of its own: one question tells what each layer holds.
  Placement apart{
      .layers = {}, .output = Device::rpc(first_stand_in + static_cast<int>(count)), .tensors = parts.pinned};
  for (int i = 0; i < static_cast<int>(count); ++i) apart.layers.push_back({i, 1, Device::rpc(first_stand_in + i)});
  for (auto& use : memory(apart, context)) {
    const auto id = use.device.type() == DeviceType::rpc ? use.device.id().value_or(0) : 0;
    if (id >= first_stand_in) {
      auto& layer = parts.layers.at(static_cast<std::size_t>(id - first_stand_in));
      layer.bytes += use.weights + use.cache;
      layer.weight_bytes += use.weights;
    } else {
      parts.base.push_back(use);
    }
  }

  const Device together = Device::rpc(first_stand_in);
  std::uint64_t sum = 0;
  for (const auto& layer : parts.layers) sum += layer.bytes;
  for (const auto& use : memory(
           {.layers = {{0, static_cast<int>(count), together}}, .output = together, .tensors = parts.pinned}, context))
    if (use.device == together) parts.spare = sum - std::min(sum, use.weights + use.cache);

  const double active = active_experts(profile);
  bool has_output = false;
  double embedding_bytes = 0;
  for (const auto& tensor : profile.tensors) {
    auto bytes = static_cast<double>(tensor.bytes);
    if (is_embedding(tensor)) embedding_bytes = bytes;
    has_output = has_output || tensor.name == "output.weight" || tensor.role == "output";
    const auto layer = tensor.layer ? std::optional<std::size_t>(*tensor.layer) : layer_of(tensor.name);
    if (!layer && !is_output(tensor)) continue;
    auto& part = parts.layers[layer && *layer < count ? *layer : count];
    if (is_expert(tensor)) bytes *= active;
    if (const auto* device = parts.pinned.find(tensor.name)) {
      part.pinned_reads.emplace_back(*device, bytes);
    } else if (is_expert(tensor)) {
      part.expert_bytes += tensor.bytes;
      part.expert_read_bytes += bytes;
      part.experts.push_back(tensor.name);
      parts.has_experts = true;
    } else {
      part.read_bytes += bytes;
    }
  }
  if (!has_output) parts.layers.back().read_bytes += embedding_bytes;  // the output is the embedding once more
  for (auto& layer : parts.layers) layer.expert_bytes = std::min(layer.expert_bytes, layer.bytes);
  return parts;
}

}  // namespace berth::plan
