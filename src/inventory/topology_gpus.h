/// GPUs in topologies that lstopo wrote.
#pragma once

#include <hwloc.h>

#include "inventory/findings.h"

namespace berth::discovery {

/// The GPUs that hwloc saw through CUDA, NVML, ROCm SMI, Level Zero and OpenCL, each once, with their memory, all of
/// which is free, and their links to the CPU and among each other. The notes of the report say what is left out.
Findings gpus_of_topology(hwloc_topology_t topology);

}  // namespace berth::discovery
