#include "inventory/pci.h"

#include <fmt/format.h>

namespace berth::discovery {

std::string vendor_name(std::uint32_t pci_vendor) {
  switch (pci_vendor) {
    case pci_vendor_amd:
      return "AMD";
    case pci_vendor_intel:
      return "Intel";
    case pci_vendor_nvidia:
      return "NVIDIA";
    case 0x13b5:
      return "Arm";
    case 0x5143:
      return "Qualcomm";
    case 0x106b:
      return "Apple";
    default:
      return {};
  }
}

std::string pci_id(std::uint32_t domain, std::uint32_t bus, std::uint32_t device, std::uint32_t function) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", domain, bus, device, function);
}

}  // namespace berth::discovery
