#include "inventory/cpu_vendor.h"

#include <array>
#include <utility>

#include "text/printable.h"

namespace berth::discovery {

std::string cpu_vendor(std::string_view id) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> vendors{{{"GenuineIntel", "Intel"},
                                                                                   {"AuthenticAMD", "AMD"},
                                                                                   {"HygonGenuine", "Hygon"},
                                                                                   {"0x41", "Arm"},
                                                                                   {"0x42", "Broadcom"},
                                                                                   {"0x43", "Cavium"},
                                                                                   {"0x46", "Fujitsu"},
                                                                                   {"0x48", "HiSilicon"},
                                                                                   {"0x4e", "NVIDIA"},
                                                                                   {"0x51", "Qualcomm"},
                                                                                   {"0x61", "Apple"},
                                                                                   {"0xc0", "Ampere"},
                                                                                   {"IBM/S390", "IBM"}}};
  for (const auto& [known, name] : vendors)
    if (id == known) return std::string(name);
  return printable(id);
}

}  // namespace berth::discovery
