/// What a probe is given and answers.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "berth/inventory.h"

namespace berth::discovery {

/// Where a probe looks: this machine, or a recorded one in a folder.
struct Machine {
  std::filesystem::path root = "/";        ///< of /sys, /proc, /dev
  std::filesystem::path library_dir = {};  ///< where driver libraries are looked for, instead of everywhere
  std::map<std::string, std::string> environment = {};
  std::vector<std::string> rpc_endpoints = {};
  std::vector<std::filesystem::path> folders = {};
  std::chrono::milliseconds probe_timeout{2000};  ///< when a probe is given up; one that waits for others ends before

  static Machine this_one();  ///< with the environment of this process

  const std::string* variable(const std::string& name) const;  ///< nullptr where it is not set
};

/// What one probe found. Where pieces of hardware are seen by several probes, merge() makes one of them, by PCI id or
/// UUID. The end of a link may be a UUID or PCI id, where the device has no name here; merge() gives it one.
struct Findings {
  ProbeReport report;
  std::vector<DeviceInfo> devices = {};
  std::vector<DeviceInfo> sightings = {};  ///< hardware that has no name of its own in this API; `device` is not read
  std::vector<MemoryPool> pools = {};
  std::vector<Link> links = {};

  /// JSON, as a child process hands it over. from_json throws std::invalid_argument or FormatError.
  std::string to_json() const;
  static Findings from_json(std::string_view text);
};

/// One source of discovery. A probe that enters a driver runs in a process of its own.
struct Probe {
  std::string_view name;
  Findings (*look)(const Machine& machine);
  bool in_child;
};

/// In the order in which their devices are merged: what comes first names a device.
std::span<const Probe> probes();

/// The answer of a probe that threw, hung or crashed is a report too.
Findings run_probe(const Probe& probe, const Machine& machine);
/// All of them side by side, each in a process of its own with that deadline.
std::vector<Findings> run_in_children(std::span<const Probe* const> probes, const Machine& machine,
                                      std::chrono::milliseconds timeout);

/// Those that `options` asks for. Throws std::invalid_argument for a name that is none.
std::vector<const Probe*> wanted_probes(const DiscoverOptions& options);

/// What they find, in the order of probes().
std::vector<Findings> run_probes(const DiscoverOptions& options, const Machine& machine);

}  // namespace berth::discovery
