/// What one probe found.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "berth/inventory.h"

namespace berth::discovery {

/// What one probe found. Where pieces of hardware are seen by several probes, merge() makes one of them, by PCI id or
/// UUID. The end of a link may be a UUID or PCI id, where the device has no name here; merge() gives it one.
struct Findings {
  ProbeReport report;
  std::vector<DeviceInfo> devices = {};
  std::vector<DeviceInfo> sightings = {};  ///< hardware that has no name of its own in this API; `device` is not read
  std::vector<MemoryPool> pools = {};
  std::vector<Link> links = {};
  bool uses_workers = false;  ///< an engine that also runs on the workers that others find

  /// JSON, as a child process hands it over. from_json throws std::invalid_argument or FormatError.
  std::string to_json() const;
  static Findings from_json(std::string_view text);
};

}  // namespace berth::discovery
