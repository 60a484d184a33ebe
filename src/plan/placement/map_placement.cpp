#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>

#include "berth/placement.h"
#include "plan/device_budgets.h"
#include "plan/memory/placed_weights.h"
#include "plan/placement/host_index.h"
#include "plan/placement/part_names.h"
#include "plan/placement/placed_layers.h"
#include "text/printable.h"

namespace berth {
namespace {

using plan::PartNames;

Placement whole_model_on(const ModelProfile& profile, const Device& device) {
  const int layers = plan::layer_count(profile);
  Placement placement{.output = device};
  if (layers > 0) placement.layers.push_back({0, layers, device});
  return placement;
}

/// The device of each tensor by the entry of the map that covers the fewest: the longest name of those that hold it.
class Covered {
 public:
  Covered(const PartNames& names, const DeviceMap& map, std::size_t tensors) : entries_(tensors + 1) {
    for (const auto& [name, given] : map) {
      const auto device = plan::without_host_index(given);
      const auto part = names.find(name);
      if (!part)
        throw std::invalid_argument(
            fmt::format("The device map names {}, which the model does not have{}", in_quotes(name), names.hint(name)));
      for (const auto tensor : *part) {
        auto& entry = entries_[tensor];
        if (entry.covers == part->size() && entry.device != device)
          throw std::invalid_argument(
              fmt::format("The entries {} and {} of the device map name the same part of the model, and give it two "
                          "devices, {} and {}",
                          in_quotes(*entry.name), in_quotes(name), entry.device->str(), device.str()));
        if (part->size() < entry.covers) entry = {device, &name, part->size()};
      }
    }
  }

  const std::optional<Device>& device(std::size_t tensor) const { return entries_[tensor].device; }

 private:
  struct Entry {
    std::optional<Device> device = {};
    const std::string* name = nullptr;
    std::size_t covers = std::numeric_limits<std::size_t>::max();
  };

  std::vector<Entry> entries_;
};

void need_all_covered(const ModelProfile& profile, const Covered& covered) {
  std::size_t missing = 0;
  std::string first;
  for (std::size_t i = 0; i < profile.tensors.size(); ++i) {
    if (covered.device(i)) continue;
    if (missing++ == 0) first = profile.tensors[i].name;
  }
  if (missing > 0)
    throw std::invalid_argument(
        fmt::format("The device map has no entry for {}{}; add one, or '' for all that no other entry covers",
                    in_quotes(first), missing == 1 ? "" : fmt::format(" and {} more tensors", missing - 1)));
}

bool keeps_the_cache(std::string_view role) {
  for (const char* known :
       {"attn_k", "attn_qkv", "attn_kv_a_mqa", "ssm_conv1d", "ssm_in", "time_mix_key", "shortconv.conv", "dec.attn_k"})
    if (role == known) return true;
  return false;
}

/// A layer's cache and computation lie where its keys are, else where most of it is.
Device device_of_layer(const ModelProfile& profile, const std::vector<std::size_t>& tensors, const Covered& covered) {
  std::map<Device, std::uint64_t> bytes;
  for (const auto i : tensors) {
    if (keeps_the_cache(profile.tensors[i].role)) return *covered.device(i);
    bytes[*covered.device(i)] += profile.tensors[i].bytes;
  }
  return bytes.empty() ? Device::cpu()
                       : std::ranges::max_element(bytes, {}, [](const auto& each) { return each.second; })->first;
}

class MapPlacement {
 public:
  MapPlacement(const ModelProfile& profile, const DeviceMap& map)
      : profile_(profile), names_(profile), covered_(names_, map, profile.tensors.size()) {
    need_all_covered(profile, covered_);
  }

  Placement run() {
    place_layers();
    place_ends();
    for (std::size_t i = 0; i < profile_.tensors.size(); ++i) {
      const auto& tensor = profile_.tensors[i];
      const auto& device = *covered_.device(i);
      if (!plan::is_of_each_layer(tensor) && device != usual_device(tensor))
        placement_.tensors.set(tensor.name, device);
    }
    need_one_tied_tensor();
    return std::move(placement_);
  }

 private:
  void place_layers() {
    std::vector<std::vector<std::size_t>> layers(static_cast<std::size_t>(std::min(plan::layer_count(profile_), 4096)));
    for (std::size_t i = 0; i < profile_.tensors.size(); ++i)
      if (const auto layer = profile_.tensors[i].layer; layer && *layer < layers.size())
        layers[static_cast<std::size_t>(*layer)].push_back(i);
    for (const auto& tensors : layers) {
      layer_devices_.push_back(device_of_layer(profile_, tensors, covered_));
      const auto& device = layer_devices_.back();
      auto& runs = placement_.layers;
      if (runs.empty() || runs.back().device != device)
        runs.push_back({static_cast<int>(layer_devices_.size()) - 1, 1, device});
      else
        ++runs.back().count;
    }
  }

  void place_ends() {
    std::optional<Device> norm;
    std::optional<Device> output;
    for (std::size_t i = 0; i < profile_.tensors.size(); ++i) {
      const auto& name = profile_.tensors[i].name;
      if (name == "token_embd.weight") placement_.input = *covered_.device(i);
      if (name == "output_norm.weight" || name == "dec.output_norm.weight") norm = covered_.device(i);
      if (name == "output.weight") output = covered_.device(i);
    }
    if (names_.output_is_tied()) output = covered_.device(names_.tied_output());
    if (!output) output = norm;
    placement_.output = output ? *output : layer_devices_.empty() ? placement_.input : layer_devices_.back();
  }

  Device usual_device(const TensorInfo& tensor) const {
    if (tensor.layer && *tensor.layer < layer_devices_.size())
      return layer_devices_[static_cast<std::size_t>(*tensor.layer)];
    if (plan::is_input(tensor)) return placement_.input;
    const bool of_first_layer = !layer_devices_.empty() && plan::is_of_first_layer(tensor, profile_.architecture);
    return of_first_layer ? layer_devices_.front() : placement_.output;
  }

  /// The engine places a tensor by its name, and this one has two places.
  void need_one_tied_tensor() const {
    if (!names_.output_is_tied() || !plan::is_accelerator(placement_.input) || placement_.input == placement_.output)
      return;
    throw std::invalid_argument(fmt::format(
        "The output of this model is the tensor of its embeddings, which llama.cpp keeps on one device, or once "
        "on the CPU and once on the device of the output. Embeddings on {0} and the output on {1} cannot be: "
        "put {2}",
        placement_.input.str(), placement_.output.str(),
        plan::is_accelerator(placement_.output)
            ? fmt::format("the embeddings on the cpu, or both on {}", placement_.output.str())
            : fmt::format("both on {}, or both on {}", placement_.input.str(), placement_.output.str())));
  }

  const ModelProfile& profile_;
  PartNames names_;
  Covered covered_;
  std::vector<Device> layer_devices_;
  Placement placement_;
};

}  // namespace

Placement placement_of(const ModelProfile& profile, const ComponentDevice& device) {
  if (const auto* single = device.single()) return whole_model_on(profile, plan::without_host_index(*single));
  const auto& map = *device.multiple();
  if (map.empty()) throw std::invalid_argument("The device map is empty; name at least one device");
  return MapPlacement(profile, map).run();
}

}  // namespace berth
