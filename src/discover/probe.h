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
#include "inventory/findings.h"

namespace berth::discovery {

inline constexpr std::chrono::milliseconds default_probe_timeout{2000};

/// Where a probe looks: this machine, or a recorded one in a folder.
struct Machine {
  std::filesystem::path root = "/";        ///< of /sys, /proc, /dev
  std::filesystem::path library_dir = {};  ///< where driver libraries are looked for, instead of everywhere
  std::map<std::string, std::string> environment = {};
  std::vector<std::string> rpc_endpoints = {};
  OrderedMap<std::string> rpc_names = {};  ///< by endpoint
  std::vector<std::filesystem::path> folders = {};
  std::chrono::milliseconds probe_timeout = default_probe_timeout;  ///< one that waits for others ends before

  static Machine this_one();  ///< with the environment of this process

  const std::string* variable(const std::string& name) const;  ///< nullptr where it is not set
};

/// One source of discovery. A probe that enters a driver runs in a process of its own.
struct Probe {
  std::string_view name;
  std::function<Findings(const Machine& machine)> look;
  bool in_child;
  bool or_here = false;  ///< it enters no driver: where there are no child processes, it runs in this one
  /// How many GPUs there are whose driver may start with this probe, which takes seconds for each.
  std::size_t (*slow_gpus)(const Machine& machine) = nullptr;
  std::string_view program = "berth-probe";  ///< the child process
  /// What a person is told where the probe hangs or crashes.
  std::string_view why_slow = "The driver hangs or is slow: the kernel's log (dmesg) may say why.";
  std::string_view to_do_without = "name the other probes in BERTH_PROBES";
};

/// In the order in which their devices are merged: what comes first names a device.
std::span<const Probe> probes();

/// Runs one probe in this process. A probe that throws gives a report too.
Findings run_probe(const Probe& probe, const Machine& machine);
/// How long `probe` may take: `timeout`, else 2 s and 3 s more for each of its slow GPUs.
std::chrono::milliseconds time_for(const Probe& probe, const Machine& machine,
                                   std::optional<std::chrono::milliseconds> timeout);
/// Runs all of them side by side, each in a process of its own, and none for longer than time_for() says.
std::vector<Findings> run_in_children(std::span<const Probe* const> probes, const Machine& machine,
                                      std::optional<std::chrono::milliseconds> timeout);

/// The probes that `options` names. Throws std::invalid_argument for a name that is none.
std::vector<const Probe*> wanted_probes(const DiscoverOptions& options);

/// What the probes find, in the order of `wanted`.
std::vector<Findings> run_probes(std::span<const Probe* const> wanted, const DiscoverOptions& options,
                                 const Machine& machine);
std::vector<Findings> run_probes(const DiscoverOptions& options, const Machine& machine);  ///< wanted_probes()

}  // namespace berth::discovery
