#include "discover/driver_probes.h"

#include <array>

#include "discover/nvidia.h"

namespace berth::discovery {

std::span<const Probe> driver_probes() {
  static constexpr std::array<Probe, 2> all{{
      {"cuda", probe_cuda, true},
      {"nvml", probe_nvml, true},
  }};
  return all;
}

}  // namespace berth::discovery
