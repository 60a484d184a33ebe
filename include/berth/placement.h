/// Where each part of a model lies, and what that takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "berth/device.h"
#include "berth/device_key.h"
#include "berth/model.h"
#include "berth/ordered_map.h"
#include "berth/value.h"

namespace berth {

/// Layers that follow each other on one device.
struct LayerRun {
  int first = 0;
  int count = 0;
  Device device = Device::cpu();

  bool operator==(const LayerRun&) const = default;
};

/// The device of each part of a model. The cache of a layer lies where the layer does.
struct Placement {
  std::vector<LayerRun> layers = {};  ///< in their order, without gaps
  Device input = Device::cpu();       ///< of the input embeddings
  Device output = Device::cpu();      ///< of the output layer
  OrderedMap<Device> tensors = {};    ///< single tensors that lie elsewhere than their layer, by their full names

  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong.
  static Placement from_dict(const Value& dict);

  bool operator==(const Placement&) const = default;
};

/// The placement that a device, or a map of a model's parts, means for a GGUF model. The names of a map are those of
/// transformers ("model.layers.3", "model.layers.3.self_attn", "lm_head") or GGUF's own ("blk.3", "blk.3.ffn_up.weight",
/// "output"); each covers all that is below it, and the longest that covers a tensor counts; "" covers everything. The
/// cache of a layer lies where the layer's keys are. "disk" means the mapped file: pages come when they are read. It lies
/// on the disk that it is on, so that an index says nothing: "disk:0" is "disk", and "cpu:0" is "cpu".
///
///     placement_of(profile, DeviceMap{{"model.embed_tokens", "cpu"}, {"model.layers", "cuda:0"}, ...});
///
/// Throws std::invalid_argument for names that the model does not have (with the nearest one), tensors that no name
/// covers, entries that contradict, and what the engine cannot carry out.
Placement placement_of(const ModelProfile& profile, const ComponentDevice& device);

/// Where a part of a loaded model lies, as its engine tells.
struct PlacedTensor {
  std::string name = {};
  Device device = Device::cpu();
  std::uint64_t bytes = 0;
  bool mapped = false;  ///< read from the file when it is used, not copied

  bool operator==(const PlacedTensor&) const = default;
};

/// Bytes that a model takes on one device.
struct DeviceUse {
  Device device = Device::cpu();
  DeviceKey key = {};          ///< which piece of hardware that is
  std::string pool = {};       ///< the id of its memory pool in the inventory
  std::uint64_t weights = 0;   ///< tensors
  std::uint64_t cache = 0;     ///< keys and values, recurrent states
  std::uint64_t compute = 0;   ///< buffers of the graphs that are computed, and the output of the last one
  std::uint64_t overhead = 0;  ///< of the engine and of the driver

  std::uint64_t total() const { return weights + cache + compute + overhead; }

  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong.
  static DeviceUse from_dict(const Value& dict);

  bool operator==(const DeviceUse&) const = default;
};

}  // namespace berth
