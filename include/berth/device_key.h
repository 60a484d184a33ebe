/// Which piece of hardware a device is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "berth/value.h"

namespace berth {

/// The name of a device in an engine ("llama.cpp", "CUDA1") or its index in an API ("cuda", "1").
struct DeviceName {
  std::string in;
  std::string name;

  bool operator==(const DeviceName&) const = default;
};

/// What tells one piece of hardware from all others, whatever a machine calls it and in whatever order. It goes with a
/// device to each engine, and engines find the device by it, never by the index in its name. Empty: not known. The CPU
/// needs none of it.
struct DeviceKey {
  std::string pci_id = {};               ///< "0000:65:00.0"; MIG instances share that of their GPU
  std::string uuid = {};                 ///< as its driver writes it
  std::string endpoint = {};             ///< of the worker on another machine whose device it is: "192.168.1.5:50052"
  std::uint32_t number = 0;              ///< of the device on that worker
  std::vector<DeviceName> engines = {};  ///< its name in each engine that can use it
  std::string pool = {};  ///< the id of its memory pool in the inventory; this tells no hardware from another

  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong.
  static DeviceKey from_dict(const Value& dict);

  bool operator==(const DeviceKey&) const = default;
};

}  // namespace berth
