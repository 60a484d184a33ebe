/// Identities of hardware in the description of a machine.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace berth::fakes {

struct PciAddress {
  std::uint32_t domain = 0, bus = 0, device = 0, function = 0;

  static PciAddress parse(const std::string& text) {
    PciAddress address;
    std::sscanf(text.c_str(), "%x:%x:%x.%x", &address.domain, &address.bus, &address.device, &address.function);
    return address;
  }
};

/// "8680a056-0800-..." into 16 bytes.
inline void put_uuid(unsigned char* bytes, const std::string& text) {
  std::string digits;
  for (const char c : text)
    if (c != '-') digits += c;
  for (std::size_t i = 0; i < 16 && 2 * i + 1 < digits.size(); ++i)
    bytes[i] = static_cast<unsigned char>(std::stoi(digits.substr(2 * i, 2), nullptr, 16));
}

}  // namespace berth::fakes
