/// One machine of what several probes saw.
#pragma once

#include <vector>

#include "discover/probe.h"

namespace berth::discovery {

/// One entry for one piece of hardware, by UUID or PCI id: what comes first names it and says how much memory it has,
/// what comes later adds what is not known yet, and its own names. Names that two pieces of hardware claim go to the
/// first; the other gets the next free index. Pools that no device uses are left out, links go by the final names.
/// `engines` come last. A device that an engine lists without UUID or PCI address is told by its index in an API, or where
/// it can be only one; where it may be several, a note of the report says so, and no device is said to be the engine's.
/// Engines that use workers can use each worker that was found.
Inventory merge(std::vector<Findings> probes, std::vector<Findings> engines = {});

}  // namespace berth::discovery
