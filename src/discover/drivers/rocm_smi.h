/// What the library of ROCm SMI adds to what the kernel tells.
#pragma once

#include <span>

#include "discover/drivers/amd_gpu.h"
#include "discover/probe.h"

namespace berth::discovery {

/// Names, memory, power and temperature of these GPUs, by PCI id. What it does not answer stays as it was; errors are
/// notes of `report`, as is a library that is missing or another than expected.
void ask_rocm_smi(const Machine& machine, std::span<AmdGpu> gpus, ProbeReport& report);

}  // namespace berth::discovery
