#include <ostream>

#include "berth/device.h"
#include "value/text.h"

namespace berth {

UnknownDeviceType::UnknownDeviceType(std::string_view text)
    : std::invalid_argument("Unknown device type string '" + printable(text) + "'") {}

std::string UnknownDeviceType::accepted() {
  std::string names;
  for (const DeviceType type : all_device_types) names.append(names.empty() ? "" : ", ").append(to_string(type));
  return names;
}

std::string_view to_string(DeviceType type) {
  switch (type) {
    case DeviceType::cpu:
      return "cpu";
    case DeviceType::cuda:
      return "cuda";
    case DeviceType::disk:
      return "disk";
    case DeviceType::mps:
      return "mps";
    case DeviceType::xpu:
      return "xpu";
    case DeviceType::vulkan:
      return "vulkan";
    case DeviceType::npu:
      return "npu";
    case DeviceType::rpc:
      return "rpc";
  }
  return "unknown";  // a number that is no DeviceType
}

DeviceType device_type_from_str(std::string_view text) {
  for (const DeviceType type : all_device_types)
    if (to_string(type) == text) return type;
  throw UnknownDeviceType(text);
}

std::ostream& operator<<(std::ostream& out, DeviceType type) { return out << to_string(type); }

}  // namespace berth
