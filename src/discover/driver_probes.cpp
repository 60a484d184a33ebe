#include "discover/driver_probes.h"

#include <array>

#include "discover/nvidia.h"
#include "discover/probes.h"

namespace berth::discovery {

std::span<const Probe> driver_probes() {
  static constexpr std::array<Probe, 6> all{{
      {"cuda", probe_cuda, true},
      {"nvml", probe_nvml, true},
      {"rocm", probe_rocm, true},
      {"level_zero", probe_level_zero, true},
      {"vulkan", probe_vulkan, true},
      {"opencl", probe_opencl, true},
  }};
  return all;
}

}  // namespace berth::discovery
