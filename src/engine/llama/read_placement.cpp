/// What llama.cpp made of a placement, read back from its tensors.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/llama/llama_internals.h"
#include "engine/llama/llama_model.h"
#include "engine/llama/mapped.h"
#include "engine/llama/placement_notes.h"
#include "plan/memory/placed_weights.h"

namespace berth::llama {
namespace {

constexpr std::size_t most_notes = 8;

/// In a buffer of its device each tensor begins at a multiple of the alignment.
std::uint64_t bytes_of(const ggml_tensor& tensor) {
  const auto bytes = ggml_backend_buffer_get_alloc_size(tensor.buffer, &tensor);
  return is_mapped(tensor) ? bytes : GGML_PAD(bytes, ggml_backend_buffer_get_alignment(tensor.buffer));
}

Device device_of(ggml_backend_dev_t handle, const NamedDevices& devices) {
  const auto found = std::ranges::find(devices, handle, &NamedDevices::value_type::second);
  return found == devices.end() ? Device::cpu() : found->first;
}

/// Each layer's device as it was asked for.
std::map<int, Device> layers_of(const Placement& placement) {
  std::map<int, Device> layers;
  for (const auto& run : placement.layers)
    for (int i = run.first; i < run.first + run.count; ++i) layers.emplace(i, run.device);
  return layers;
}

using Copies = std::multimap<std::string, PlacedTensor>;

/// Notes what lies elsewhere than `weights` says, or was copied where a mapped file was asked for.
class Comparison {
 public:
  Comparison(const Copies& copies, LoadedModelInfo& info) : copies_(copies), info_(info) {}

  void compare(const std::string& name, const Device& wanted, bool must_be_mapped) {
    const auto [begin, end] = copies_.equal_range(name);
    if (begin == end) return;  // the engine does not need it
    const auto found = std::find_if(begin, end, [&](const auto& each) { return each.second.device == wanted; });
    if (found == end) {
      info_.placement.tensors.set(name, begin->second.device);
      add(fmt::format("{} lies on {}, not on {}", name, begin->second.device.str(), wanted.str()));
    } else if (must_be_mapped && !found->second.mapped) {
      add(fmt::format("{} was copied into memory, not mapped from the disk", name));
    }
  }

  void finish() {
    if (count_ > most_notes) info_.notes.push_back(fmt::format("and {} more tensors", count_ - most_notes));
  }

 private:
  void add(std::string note) {
    if (count_++ < most_notes) info_.notes.push_back(std::move(note));
  }

  const Copies& copies_;
  LoadedModelInfo& info_;
  std::size_t count_ = 0;
};

}  // namespace

std::vector<PlacedTensor> LlamaModel::tensors() const {
  std::vector<PlacedTensor> tensors;
  for (const auto& [name, tensor] : llama_internal_get_tensor_map(model_.get())) {
    const auto device = owner(ggml_backend_buffer_get_type(tensor->buffer), devices_);
    tensors.push_back({name, device, bytes_of(*tensor), is_mapped(*tensor)});
  }
  return tensors;
}

void LlamaModel::read_placement(const ModelProfile& profile, const Placement& asked, const plan::EngineLayout& layout) {
  auto& placement = info_.placement;
  placement.input = asked.input;
  placement.tensors = asked.tensors;
  const auto layers = layers_of(asked);
  // The engine computes on the CPU what lies on a disk.
  const auto as_asked = [](const Device& found, const Device& wish) {
    return found == Device::cpu() && wish == Device::disk() ? wish : found;
  };
  const auto add_device = [&](const Device& device) {
    if (std::ranges::find(info_.devices, device) == info_.devices.end()) info_.devices.push_back(device);
  };
  for (int i = 0; i < llama_model_n_layer(model_.get()); ++i) {
    const auto wish = layers.find(i);
    const auto device =
        as_asked(device_of(model_->dev_layer(i), devices_), wish == layers.end() ? Device::cpu() : wish->second);
    add_device(device);
    if (placement.layers.empty() || placement.layers.back().device != device)
      placement.layers.push_back({i, 0, device});
    ++placement.layers.back().count;
  }
  placement.output = as_asked(device_of(model_->dev_output(), devices_), asked.output);
  add_device(placement.output);
  info_.notes = placement_notes(asked, placement);

  Copies copies;
  for (auto& tensor : tensors()) copies.emplace(tensor.name, tensor);
  Comparison comparison(copies, info_);
  const plan::PlacedWeights weights(profile, asked, layout);
  for (const auto& weight : weights.all()) {
    const auto& tensor = *weight.tensor;
    const auto* apart = asked.tensors.find(tensor.name);
    const auto layer = tensor.layer ? layers.find(static_cast<int>(*tensor.layer)) : layers.end();
    const auto& wish = apart != nullptr ? *apart : layer != layers.end() ? layer->second : Device::cpu();
    comparison.compare(tensor.name, layout.devices[static_cast<std::size_t>(weight.backend)], wish == Device::disk());
  }
  comparison.finish();
}

}  // namespace berth::llama
