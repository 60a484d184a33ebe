/// What the programs do that run one probe each.
#pragma once

#include <span>

#include "discover/probe.h"

namespace berth::discovery {

/// Runs the one of `probes` that the arguments name and answers with what it finds, as driver_probes.h says. Returns
/// where there is none, with the status to exit with.
int answer(int argc, char** argv, std::span<const Probe> probes);

}  // namespace berth::discovery
