#include "discover/driver_probes.h"

#include <array>

#include "discover/drivers/nvidia.h"
#include "discover/host/disk_probe.h"
#include "discover/probes.h"

namespace berth::discovery {

std::span<const Probe> driver_probes() {
  const auto nvidia = [](std::string_view name, Findings (*look)(const Machine&)) {
    return Probe{
        .name = name, .look = look, .in_child = true, .slow_gpus = nvidia_gpus_on_bus, .why_slow = nvidia_is_slow};
  };
  static const std::array<Probe, 9> all{{
      {.name = "disk",
       .look = probe_disk,
       .in_child = true,
       .or_here = true,
       .why_slow = "A file system on the network waits for its server."},
      nvidia("cuda", probe_cuda),
      nvidia("nvml", probe_nvml),
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
