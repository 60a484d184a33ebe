/// PyTorch's own device type, for programs that link libtorch. Header-only; nothing else of Berth includes it.
#pragma once

#include <c10/core/Device.h>

#include <limits>
#include <stdexcept>
#include <string>

#include "berth/convert.h"

namespace berth {

/// The same device as c10::Device. Throws as to_torch_str(), and std::invalid_argument for an id above 127, which is
/// as far as PyTorch counts.
inline c10::Device to_c10(const Device& device) {
  const std::string text = to_torch_str(device);
  if (device.id().value_or(0) > std::numeric_limits<c10::DeviceIndex>::max())
    throw std::invalid_argument("PyTorch has no device for '" + text + "'; its ids end at 127");
  return c10::Device(text);
}

/// As `device`. ROCm (c10's HIP) is cuda. Throws std::invalid_argument for a type that Berth does not have.
inline Device from_c10(const c10::Device& device) {
  const std::optional<int> id = device.has_index() ? std::optional<int>(device.index()) : std::nullopt;
  if (device.type() == c10::DeviceType::HIP) return Device(DeviceType::cuda, id);
  return Device(from_torch_str(c10::DeviceTypeName(device.type(), true)).type(), id);
}

}  // namespace berth
