#include "berth/convert.h"
#include "device/convert_error.h"

namespace berth {

CTranslate2Device to_ctranslate2(const Device& device) {
  if (device.type() == DeviceType::cpu) check_only_device("CTranslate2", device);
  if (device.type() != DeviceType::cpu && device.type() != DeviceType::cuda)
    throw_no_device("CTranslate2", device, {DeviceType::cpu, DeviceType::cuda});
  return {std::string(to_string(device.type())), device.id().value_or(0)};
}

Device from_ctranslate2(const CTranslate2Device& device) {
  if (device.device == "cuda") return Device::gpu(device.device_index);
  if (device.device == "cpu" && device.device_index == 0) return Device::cpu();
  if (device.device == "cpu")
    throw std::invalid_argument("CTranslate2 has one cpu device: there is none with the index " +
                                std::to_string(device.device_index));
  throw_not_a_device("CTranslate2", device.device, "cpu and cuda");
}

}  // namespace berth
