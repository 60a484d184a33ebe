/// Where each part of a model lies, and what that takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "berth/device.h"
#include "berth/device_key.h"
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
