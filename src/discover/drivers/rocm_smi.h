/// What the library of ROCm SMI adds to what the kernel tells.
#pragma once

#include <span>

#include "discover/drivers/amd_gpu.h"
#include "discover/probe.h"

namespace berth::discovery {

/// Adds names, memory, power and temperature to these GPUs, by PCI id. What the library does not tell stays as it was.
/// Errors are noted in `report`, and so is a library that is missing or another than expected.
void ask_rocm_smi(const Machine& machine, std::span<AmdGpu> gpus, ProbeReport& report);

}  // namespace berth::discovery
