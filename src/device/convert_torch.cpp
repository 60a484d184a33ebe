#include "berth/convert.h"
#include "device/convert_error.h"

namespace berth {
namespace {

void check_torch_has(const Device& device) {
  switch (device.type()) {
    case DeviceType::cpu:
    case DeviceType::cuda:
    case DeviceType::mps:
    case DeviceType::xpu:
    case DeviceType::vulkan:
      return;
    case DeviceType::disk:
    case DeviceType::npu:
    case DeviceType::rpc:
      break;
  }
  throw_no_device("PyTorch", device,
                  {DeviceType::cpu, DeviceType::cuda, DeviceType::mps, DeviceType::xpu, DeviceType::vulkan});
}

}  // namespace

std::string to_torch_str(const ComponentDevice& device) {
  const Device* single = device.single();
  if (single == nullptr) throw std::invalid_argument("Only single devices can be converted to PyTorch format");
  check_torch_has(*single);
  return single->str();
}

Device from_torch_str(std::string_view text) {
  const Device device = Device::from_str(text);
  check_torch_has(device);
  return device;
}

}  // namespace berth
