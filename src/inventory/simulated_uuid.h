/// How the identity of a simulated device begins.
#pragma once

#include <string_view>

namespace berth {

/// No driver writes such a UUID: "simulated-cuda:0".
inline constexpr std::string_view simulated_uuid_prefix = "simulated-";

}  // namespace berth
