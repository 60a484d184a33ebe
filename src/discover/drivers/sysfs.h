/// GPUs and accelerators as the kernel's files describe them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/inventory.h"
#include "inventory/pci.h"

namespace berth::discovery {

/// The number that a file holds, decimal or 0x; none where there is none.
std::optional<std::uint64_t> file_number(const std::filesystem::path& path);
/// Lines "name value" as numbers, as /sys/class/kfd has them. Other lines are left out.
std::map<std::string, std::uint64_t> file_properties(const std::filesystem::path& path);
/// What a folder holds, in natural order ("2" before "10"); empty where it cannot be read.
std::vector<std::filesystem::path> folder_entries(const std::filesystem::path& folder);

struct PciDevice {
  std::string id = {};  ///< "0000:65:00.0"
  std::uint16_t vendor = 0;
  std::uint16_t device = 0;
  std::uint32_t device_class = 0;  ///< 0x030000: a display controller
  std::string driver = {};         ///< of the kernel, where one is bound
  std::optional<int> numa_node = {};
  std::filesystem::path folder = {};

  bool is_display() const { return device_class >> 16 == 0x03; }
  bool is_accelerator() const { return device_class >> 16 == 0x12; }
  /// "1002:74a1 at 0000:65:00.0 (kernel driver amdgpu)"
  std::string str() const;
};

/// The GPUs and accelerators on the PCI bus, by address.
std::vector<PciDevice> pci_devices(const std::filesystem::path& root);
/// Those of one vendor.
std::vector<PciDevice> pci_devices(const std::filesystem::path& root, std::uint16_t vendor);
/// PciDevice::str() of each, with commas.
std::string str(const std::vector<PciDevice>& devices);
/// The link from the NUMA node of a device, or from the CPU where that is unknown. None for a part of the CPU.
std::optional<Link> pcie_link(const PciDevice& device);

/// Whether this process may read and write a device node. `why_not` says what is in the way, and what to do.
bool may_open(const std::filesystem::path& node, std::string& why_not);

}  // namespace berth::discovery
