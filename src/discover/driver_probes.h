/// The probes that can hang or crash, and the programs that run one of them.
#pragma once

#include <filesystem>
#include <span>

#include "discover/probe.h"

namespace berth::discovery {

/// The disks, as a file system on the network may hang, and those that open the libraries of drivers; in the order in
/// which their devices are merged.
std::span<const Probe> driver_probes();

/// The program `name`, berth-probe or one beside it: berth-probe is what BERTH_PROBE_HELPER names, else the one that was
/// built or installed together with this library. Throws std::runtime_error where there is none, with what to do.
///
///     berth-probe NAME [ROOT [LIBRARY_DIR [rpc=ENDPOINT | folder=PATH]...]]
///
/// It writes lines to descriptor 3, or to its output where that is not open: "library NAME" before it opens one, at
/// last its findings as JSON.
std::filesystem::path probe_helper(const Machine& machine, std::string_view name);

}  // namespace berth::discovery
