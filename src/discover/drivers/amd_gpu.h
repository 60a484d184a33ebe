/// AMD GPUs as the kernel's amdgpu and KFD drivers describe them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "berth/inventory.h"

namespace berth::discovery {

struct AmdGpuLink {
  std::uint64_t to_node;
  double bytes_per_s;
};

struct AmdGpu {
  DeviceInfo info = {};  ///< but for its index, and its pool where that is its own
  std::uint64_t node = 0;
  std::uint64_t render_minor = 0;     ///< /dev/dri/renderD<minor>
  std::filesystem::path folder = {};  ///< of its PCI device
  std::vector<AmdGpuLink> xgmi = {};
};

/// In the order in which HIP counts them: that of the nodes in /sys/class/kfd/kfd/topology.
std::vector<AmdGpu> amd_gpus(const std::filesystem::path& root);

/// What limits its clocks now, from the bytes of its gpu_metrics (version 1.3; others do not tell it alike).
std::vector<std::string> amd_throttled_by(std::string_view gpu_metrics);

/// 90402 -> "gfx942"
std::string amd_gfx(std::uint64_t gfx_target_version);

}  // namespace berth::discovery
