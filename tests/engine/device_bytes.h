/// One kind of bytes that a model takes on a device.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "berth/placement.h"

namespace berth::test {

/// 0 where the device holds nothing.
inline std::uint64_t bytes_on(const std::vector<DeviceUse>& uses, const Device& device,
                              std::uint64_t DeviceUse::*part) {
  const auto found = std::ranges::find(uses, device, &DeviceUse::device);
  return found == uses.end() ? 0 : (*found).*part;
}

}  // namespace berth::test
