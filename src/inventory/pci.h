/// Names on the PCI bus.
#pragma once

#include <cstdint>
#include <string>

namespace berth::discovery {

inline constexpr std::uint16_t pci_vendor_amd = 0x1002;
inline constexpr std::uint16_t pci_vendor_intel = 0x8086;
inline constexpr std::uint16_t pci_vendor_nvidia = 0x10de;

/// "Intel" of 0x8086; empty where it is none of those who make GPUs.
std::string vendor_name(std::uint32_t pci_vendor);
/// "0000:65:00.0"
std::string pci_id(std::uint32_t domain, std::uint32_t bus, std::uint32_t device, std::uint32_t function);

}  // namespace berth::discovery
