/// The probes that open the libraries of drivers, and the program that runs one of them.
#pragma once

#include <filesystem>
#include <span>

#include "discover/probe.h"

namespace berth::discovery {

/// In the order in which their devices are merged.
std::span<const Probe> driver_probes();

/// The program berth-probe: what BERTH_PROBE_HELPER names, else the one that was built or installed together with this
/// library. Throws std::runtime_error where there is none, with what to do.
///
///     berth-probe NAME [ROOT [LIBRARY_DIR [rpc=ENDPOINT | folder=PATH]...]]
///
/// It writes lines to descriptor 3, or to its output where that is not open: "library NAME" before it opens one, at
/// last its findings as JSON.
std::filesystem::path probe_helper(const Machine& machine);

}  // namespace berth::discovery
