#include <algorithm>
#include <limits>

#include "discover/drivers/sysfs.h"
#include "discover/drivers/vulkan_gpus.h"

namespace berth::discovery {
namespace {

// VkDriverId
constexpr std::uint32_t amd_proprietary = 1, amd_open_source = 2, mesa_radv = 3, nvidia_proprietary = 4,
                        intel_windows = 5, intel_mesa = 6, qualcomm_proprietary = 8, moltenvk = 14, mesa_turnip = 18,
                        mesa_nvk = 24;

/// Of two drivers for one GPU, the smaller one is taken.
int priority(const VulkanGpu& gpu, std::uint32_t vendor) {
  struct Rank {
    std::uint32_t vendor, driver;
    int rank;
  };
  static constexpr std::array<Rank, 9> ranks{{{pci_vendor_amd, mesa_radv, 1},
                                              {pci_vendor_amd, amd_open_source, 2},
                                              {pci_vendor_amd, amd_proprietary, 3},
                                              {pci_vendor_intel, intel_mesa, 1},
                                              {pci_vendor_intel, intel_windows, 2},
                                              {pci_vendor_nvidia, nvidia_proprietary, 1},
                                              {pci_vendor_nvidia, mesa_nvk, 2},
                                              {0x5143, qualcomm_proprietary, 1},
                                              {0x5143, mesa_turnip, 2}}};
  if (gpu.driver_id == vk::driver_mesa_dozen) return 100;
  for (const auto& rank : ranks)
    if (rank.vendor == vendor && rank.driver == gpu.driver_id) return rank.rank;
  return std::numeric_limits<int>::max();
}

bool same_hardware(const VulkanGpu& a, const VulkanGpu& b) {
  const bool same = a.uuid == b.uuid || (a.luid_valid && b.luid_valid && a.luid == b.luid);
  return same && !(a.driver_id == moltenvk && b.driver_id == moltenvk);
}

}  // namespace

std::vector<std::size_t> ggml_vulkan_choice(const std::vector<VulkanGpu>& gpus) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    const auto& gpu = gpus[i];
    if ((gpu.type != vk::GpuType::discrete && gpu.type != vk::GpuType::integrated) || !gpu.storage_16_bit) continue;
    const auto old = std::ranges::find_if(chosen, [&](std::size_t other) { return same_hardware(gpus[other], gpu); });
    if (old == chosen.end()) {
      chosen.push_back(i);
    } else if (priority(gpu, gpus[*old].vendor) < priority(gpus[*old], gpus[*old].vendor)) {
      chosen.erase(old);
      chosen.push_back(i);
    }
  }
  if (!chosen.empty()) return chosen;
  const auto other = std::ranges::find_if(gpus, [](const auto& gpu) { return gpu.type != vk::GpuType::cpu; });
  if (other != gpus.end()) chosen.push_back(static_cast<std::size_t>(other - gpus.begin()));
  return chosen;
}

}  // namespace berth::discovery
