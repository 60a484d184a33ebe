/// The probes of drivers and of remote workers, one file each.
#pragma once

#include "discover/probe.h"

namespace berth::discovery {

Findings probe_rocm(const Machine& machine);
Findings probe_level_zero(const Machine& machine);
Findings probe_vulkan(const Machine& machine);
Findings probe_opencl(const Machine& machine);
Findings probe_openvino(const Machine& machine);
Findings probe_metal(const Machine& machine);
Findings probe_rpc(const Machine& machine);

}  // namespace berth::discovery
