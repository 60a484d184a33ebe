/// Who makes a CPU.
#pragma once

#include <string>
#include <string_view>

namespace berth::discovery {

/// "AMD" of "AuthenticAMD", "Arm" of "0x41"; what is not known, as it is.
std::string cpu_vendor(std::string_view id);

}  // namespace berth::discovery
