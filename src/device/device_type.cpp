#include <ostream>

#include "berth/device.h"
#include "text/printable.h"

namespace berth {
UnknownDeviceType::UnknownDeviceType(std::string_view text)
    : std::invalid_argument("Unknown device type string '" + printable(text) + "'") {}

std::string UnknownDeviceType::accepted() {
  std::string all;
  for (const DeviceType type : all_device_types) all.append(all.empty() ? "" : ", ").append(to_string(type));
  return all;
}

DeviceType device_type_from_str(std::string_view text) {
  // Compared with each name as a constant: a few instructions, where a loop calls memcmp.
  if (text == to_string(DeviceType::cpu)) return DeviceType::cpu;
  if (text == to_string(DeviceType::cuda)) return DeviceType::cuda;
  if (text == to_string(DeviceType::disk)) return DeviceType::disk;
  if (text == to_string(DeviceType::mps)) return DeviceType::mps;
  if (text == to_string(DeviceType::xpu)) return DeviceType::xpu;
  if (text == to_string(DeviceType::vulkan)) return DeviceType::vulkan;
  if (text == to_string(DeviceType::npu)) return DeviceType::npu;
  if (text == to_string(DeviceType::rpc)) return DeviceType::rpc;
  throw UnknownDeviceType(text);
}

std::ostream& operator<<(std::ostream& out, DeviceType type) { return out << to_string(type); }

}  // namespace berth
