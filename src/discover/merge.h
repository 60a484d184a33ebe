/// One machine of what several probes saw.
#pragma once

#include <vector>

#include "discover/probe.h"

namespace berth::discovery {

/// Makes one entry of each piece of hardware, told by UUID or PCI id. The first probe that saw it gives its name and its
/// memory; later ones add what is missing, and their own names. Where two pieces of hardware claim one name, the first
/// keeps it; the other gets the next free index. Pools that no device uses are left out. Links go by the final names.
/// `engines` come last. A device that an engine lists without UUID or PCI address is told by its index in an API, or where
/// it can be only one. Where it may be several, no device is said to be the engine's, and a note of the report says so.
/// Engines that use workers can use each worker that was found.
Inventory merge(std::vector<Findings> probes, std::vector<Findings> engines = {});

}  // namespace berth::discovery
