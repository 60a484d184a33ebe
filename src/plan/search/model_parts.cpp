#include "plan/search/model_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "model/layers.h"
#include "plan/layer_of.h"
#include "text/nearest.h"
#include "text/printable.h"
#include "text/regex.h"

namespace berth::plan {
namespace {

// Operations of a layer that no weights take part in: norms, positions, the cache, attention, the activation and two sums; and
// those that choose experts and add them up.
constexpr double without_weights = 10;
constexpr double of_routing = 8;

constexpr std::uint64_t small_part = 64;  // of a model

constexpr int first_stand_in = 1'000'000;  // no device has such an id

bool is_expert(const TensorInfo& tensor) {
  return (tensor.role.empty() ? tensor.name : tensor.role).find("_exps") != std::string::npos;
}

PartKind kind_of(const TensorInfo& tensor) {
  if (is_expert(tensor)) return PartKind::experts;
  return (tensor.role.empty() ? tensor.name : tensor.role).find("ffn_") != std::string::npos ? PartKind::dense
                                                                                             : PartKind::attention;
}

void add_pinned(LayerPart& layer, const TensorInfo& tensor, const Device& device, double read_bytes) {
  const auto kind = kind_of(tensor);
  auto part = std::ranges::find_if(layer.pinned,
                                   [&](const PinnedPart& each) { return each.device == device && each.kind == kind; });
  if (part == layer.pinned.end()) part = layer.pinned.insert(part, {.device = device, .kind = kind});
  part->read_bytes += read_bytes;
  part->tensors.push_back(tensor.name);
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

/// How often a token goes through the weights of each layer of the file, and of what follows them.
std::vector<double> passes_through(const ModelProfile& profile, std::size_t count) {
  std::vector<double> passes(count + 1, 1);
  for (const auto& layer : profile.layers)
    if (layer.weights_of && *layer.weights_of < count) passes[static_cast<std::size_t>(*layer.weights_of)] += 1;
  return passes;
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
  TokenWork work{.state_bytes = std::min(width, std::uint64_t{1} << 30) * 4,
                 .flop_per_byte = usual_flop_per_byte,
                 .weight_bytes = profile.tensor_bytes};
  double elements = 0;
  double bytes = 0;
  std::map<std::string_view, WeightShare> shares;
  for (const auto& tensor : profile.tensors) {
    if (is_embedding(tensor)) continue;
    double count = 1;
    for (const auto extent : tensor.shape) count *= static_cast<double>(extent);
    elements += count;
    bytes += static_cast<double>(tensor.bytes);
    auto& share = shares.try_emplace(tensor.type, WeightShare{.type = tensor.type}).first->second;
    share.elements += count;
    if (tensor.shape.size() > 1) share.rows += count / static_cast<double>(std::max<std::uint64_t>(tensor.shape[0], 1));
    share.bytes += static_cast<double>(tensor.bytes);
  }
  for (auto& [type, share] : shares) work.weights.push_back(std::move(share));
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
  const auto pinned = pinned_tensors(profile, request);
  parts.layers.resize(count + 1);
  parts.tensor_count = profile.tensors.size();

  // A device for each layer of its own: one question tells what each layer holds.
  Placement apart{.layers = {}, .output = Device::rpc(first_stand_in + static_cast<int>(count)), .tensors = pinned};
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
  for (const auto& use :
       memory({.layers = {{0, static_cast<int>(count), together}}, .output = together, .tensors = pinned}, context))
    if (use.device == together) parts.spare = sum - std::min(sum, use.weights + use.cache);

  std::uint64_t on_cpu = sum;
  for (const auto& use : parts.base)
    if (use.device == Device::cpu()) on_cpu += use.weights + use.cache;
  for (const auto& use :
       memory({.layers = {{0, static_cast<int>(count), Device::cpu()}}, .output = Device::cpu(), .tensors = pinned},
              context))
    if (use.device == Device::cpu()) parts.saved_on_cpu = on_cpu - std::min(on_cpu, use.weights + use.cache);

  const double active = active_experts(profile);
  const auto passes = passes_through(profile, count);
  bool has_output = false;
  double embedding_bytes = 0;
  for (const auto& tensor : profile.tensors) {
    auto bytes = static_cast<double>(tensor.bytes);
    if (is_embedding(tensor)) {
      embedding_bytes = bytes;
      if (!pinned.contains(tensor.name)) parts.input_bytes = tensor.bytes;
    }
    has_output = has_output || tensor.name == "output.weight" || tensor.role == "output";
    const auto layer = tensor.layer ? std::optional<std::size_t>(*tensor.layer) : layer_of(tensor.name);
    const auto* pin = pinned.find(tensor.name);
    if (!layer && !is_output(tensor)) {
      if (pin != nullptr)
        parts.pinned.set(tensor.name, *pin);
      else if (!is_embedding(tensor) && tensor.bytes > profile.tensor_bytes / small_part)
        parts.loose.push_back({tensor.name, tensor.bytes});
      continue;
    }
    auto& part = parts.layers[layer && *layer < count ? *layer : count];
    part.operations += 1;
    if (is_expert(tensor)) bytes *= active;
    if (layer) bytes *= passes[*layer < count ? *layer : count];
    if (pin != nullptr) {
      add_pinned(part, tensor, *pin, bytes);
    } else if (is_expert(tensor)) {
      part.expert_bytes += tensor.bytes;
      part.expert_read_bytes += bytes;
      part.experts.push_back(tensor.name);
      parts.has_experts = true;
    } else if (kind_of(tensor) == PartKind::dense) {
      part.read_bytes += bytes;
      part.dense_read_bytes += bytes;
      part.dense_bytes += tensor.bytes;
      part.dense.push_back(tensor.name);
    } else {
      part.read_bytes += bytes;
      part.attention_read_bytes += bytes;
      part.attention_bytes += tensor.bytes;
      part.attention.push_back(tensor.name);
    }
  }
  std::ranges::stable_sort(parts.loose, std::ranges::greater(), &LooseTensor::bytes);
  parts.is_tied = !has_output;
  if (!has_output) parts.layers.back().read_bytes += embedding_bytes;  // the output is the embedding once more
  for (auto& layer : parts.layers) {
    layer.expert_bytes = std::min(layer.expert_bytes, layer.bytes);
    if (&layer != &parts.layers.back()) layer.operations += without_weights + (layer.experts.empty() ? 0 : of_routing);
  }
  return parts;
}

void ModelParts::hold(const Device& device, std::uint64_t bytes) {
  auto use = std::ranges::find(base, device, &DeviceUse::device);
  if (use == base.end()) use = base.insert(base.end(), DeviceUse{.device = device});
  use->weights += bytes;
}

void ModelParts::move_part(std::size_t layer, PartKind part, const Device& device) {
  auto& from = layers[layer];
  const auto move = [&](std::vector<std::string>& tensors, std::uint64_t& bytes, double read_bytes) {
    const auto moved = std::min(bytes, from.weight_bytes);
    hold(device, moved);
    from.bytes -= moved;
    from.weight_bytes -= moved;
    if (!tensors.empty()) from.pinned.push_back({device, part, read_bytes, std::move(tensors)});
    tensors.clear();
    bytes = 0;
  };
  switch (part) {
    case PartKind::attention:
      move(from.attention, from.attention_bytes, from.attention_read_bytes);
      from.read_bytes -= std::exchange(from.attention_read_bytes, 0);
      break;
    case PartKind::dense:
      move(from.dense, from.dense_bytes, from.dense_read_bytes);
      from.read_bytes -= std::exchange(from.dense_read_bytes, 0);
      break;
    case PartKind::experts:
      move(from.experts, from.expert_bytes, from.expert_read_bytes);
      from.expert_read_bytes = 0;
      break;
  }
}

void ModelParts::move_input(const Device& device) {
  for (auto& use : base)
    if (use.device == input) use.weights -= std::min(use.weights, input_bytes);
  const bool on_disk = device.type() == DeviceType::disk;
  if (is_tied && !on_disk) output = device;  // the same tensor, which is not held twice
  if (!is_tied || on_disk) hold(device, input_bytes);
  if (!on_disk) saved_on_cpu = 0;
  input = device;
}

void ModelParts::move_loose(std::size_t i, const Device& device) {
  for (auto& use : base)
    if (use.device == Device::cpu()) use.weights -= std::min(use.weights, loose[i].bytes);
  hold(device, loose[i].bytes);
  pinned.set(loose[i].name, device);
}

void ModelParts::leave_layer_on_disk() {
  auto& part = layers[layers_on_disk++];
  hold(Device::disk(), part.weight_bytes);
  part.bytes -= part.weight_bytes;
  part.pinned.push_back({Device::disk(), PartKind::attention, part.read_bytes + part.expert_read_bytes, {}});
  part.weight_bytes = part.expert_bytes = part.dense_bytes = part.attention_bytes = 0;
  part.read_bytes = part.expert_read_bytes = part.dense_read_bytes = part.attention_read_bytes = 0;
  part.experts.clear();
}

}  // namespace berth::plan
