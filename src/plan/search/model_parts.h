/// A model as the planner sees it: layers, what follows them, and the experts in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "berth/plan.h"
#include "plan/speed/machine_view.h"

namespace berth::plan {

/// Parts of a layer that a token goes through one after the other.
enum class PartKind { attention, dense, experts };

/// Tensors of one part of a layer that lie on a device, wherever the layer is.
struct PinnedPart {
  Device device = Device::cpu();
  PartKind kind = PartKind::attention;
  double read_bytes = 0;  ///< for one token
  std::vector<std::string> tensors = {};
};

/// One layer; the last of them stands for the output layer.
struct LayerPart {
  std::uint64_t bytes = 0;         ///< of weights and cache
  std::uint64_t weight_bytes = 0;  ///< of those, the weights
  std::uint64_t expert_bytes = 0;  ///< of those, the experts
  double read_bytes = 0;           ///< of weights for one token, without experts and pinned tensors
  double expert_read_bytes = 0;
  double dense_read_bytes = 0;            ///< of the feed-forward part that all tokens go through, within read_bytes
  std::uint64_t dense_bytes = 0;          ///< and what it holds
  std::vector<std::string> experts = {};  ///< tensors
  std::vector<std::string> dense = {};
  double attention_read_bytes = 0;    ///< of weights outside of the feed-forward part, within read_bytes
  std::uint64_t attention_bytes = 0;  ///< and what they hold: not an output that is the embeddings once more
  std::vector<std::string> attention = {};
  std::vector<PinnedPart> pinned = {};
  double operations = 0;  ///< that a device starts for one token
};

/// Outside of layers and output, and large: the CPU holds it where nothing says otherwise.
struct LooseTensor {
  std::string name = {};
  std::uint64_t bytes = 0;
};

struct ModelParts {
  std::vector<LayerPart> layers;
  std::vector<DeviceUse> base;     ///< what is held wherever the layers are
  OrderedMap<Device> pinned = {};  ///< tensors outside of layers
  bool has_experts = false;
  std::size_t tensor_count = 0;
  std::uint64_t spare = 0;         ///< bytes that single layers hold each for itself and layers on one device hold once
  std::uint64_t input_bytes = 0;   ///< of the embeddings, where nothing pins them
  std::uint64_t saved_on_cpu = 0;  ///< bytes less than the sum of all layers where all of them are on the CPU
  bool is_tied = false;            ///< the output is the embeddings once more
  Device input = Device::cpu();    ///< where the embeddings lie
  std::optional<Device> output = {};    ///< where the output has to lie
  std::vector<LooseTensor> loose = {};  ///< the largest first
  std::size_t layers_on_disk = 0;       ///< the first ones: the CPU computes them, from the mapped file

  std::size_t layer_count() const { return layers.size() - 1; }

  /// The weights of a part of a layer lie on `device` from here on, wherever the layer is.
  void move_part(std::size_t layer, PartKind part, const Device& device);
  /// The embeddings lie on `device`.
  void move_input(const Device& device);
  /// `loose[i]` lies on `device`.
  void move_loose(std::size_t i, const Device& device);
  /// The weights of the next layer stay on the disk.
  void leave_layer_on_disk();

 private:
  void hold(const Device& device, std::uint64_t bytes);
};

TokenWork token_work(const ModelProfile& profile);

/// The tensors that the pins of `request` match, with their devices. Throws std::invalid_argument for pins that match
/// nothing, and for an engine that cannot place single tensors.
OrderedMap<Device> pinned_tensors(const ModelProfile& profile, const PlanRequest& request);

/// Throws std::invalid_argument for a model without layers, and for pins that match nothing.
ModelParts parts_of(const ModelProfile& profile, const PlanRequest& request, const ContextSpec& context,
                    const MemoryFunction& memory);

}  // namespace berth::plan
