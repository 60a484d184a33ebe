#include <array>

#include "berth/convert.h"
#include "device/convert_error.h"

namespace berth {
namespace {

struct Number {
  DeviceType type;
  std::int32_t dlpack;
};
// DLDeviceType of dlpack.h 1.0; the first of a type is written.
constexpr std::array numbers = {Number{DeviceType::cpu, 1},   Number{DeviceType::cuda, 2},
                                Number{DeviceType::cuda, 10}, Number{DeviceType::vulkan, 7},
                                Number{DeviceType::mps, 8},   Number{DeviceType::xpu, 14}};

}  // namespace

DlpackDevice to_dlpack(const Device& device) {
  for (const auto& number : numbers)
    if (number.type == device.type()) return {number.dlpack, device.id().value_or(0)};
  throw_no_device("DLPack", device,
                  {DeviceType::cpu, DeviceType::cuda, DeviceType::mps, DeviceType::xpu, DeviceType::vulkan});
}

Device from_dlpack(DlpackDevice device) {
  for (const auto& number : numbers)
    if (number.dlpack == device.device_type) return Device(number.type, device.device_id);
  throw_not_a_device("DLPack", std::to_string(device.device_type),
                     "1 (CPU), 2 (CUDA), 7 (Vulkan), 8 (Metal), 10 (ROCm) and 14 (oneAPI)");
}

}  // namespace berth
