#include "discover/driver_probes.h"

#include <array>

#include "discover/nvidia.h"
#include "discover/probes.h"

namespace berth::discovery {

std::span<const Probe> driver_probes() {
  static constexpr std::array<Probe, 8> all{{
      {"cuda", probe_cuda, true},
      {"nvml", probe_nvml, true},
      {"rocm", probe_rocm, true},
      {"level_zero", probe_level_zero, true},
      {"metal", probe_metal, false},
      {"vulkan", probe_vulkan, true},
      {"opencl", probe_opencl, true},
      {"openvino", probe_openvino, true},
  }};
  return all;
}

}  // namespace berth::discovery
