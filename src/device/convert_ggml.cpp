#include <array>

#include "berth/convert.h"
#include "device/convert_error.h"

namespace berth {
namespace {

struct Prefix {
  std::string_view text;
  DeviceType type;
};
// The names that ggml's backends give their devices (GGML_CUDA_NAME and its like); the first of a type is written.
constexpr std::array prefixes = {Prefix{"CUDA", DeviceType::cuda},     Prefix{"ROCm", DeviceType::cuda},
                                 Prefix{"MTL", DeviceType::mps},       Prefix{"SYCL", DeviceType::xpu},
                                 Prefix{"Vulkan", DeviceType::vulkan}, Prefix{"RPC", DeviceType::rpc}};

}  // namespace

std::string to_ggml(const Device& device) {
  if (device.type() == DeviceType::cpu) {
    check_only_device("ggml", device);
    return "CPU";
  }
  for (const auto& prefix : prefixes)
    if (prefix.type == device.type()) return std::string(prefix.text) + std::to_string(device.id().value_or(0));
  throw_no_device(
      "ggml", device,
      {DeviceType::cpu, DeviceType::cuda, DeviceType::mps, DeviceType::xpu, DeviceType::vulkan, DeviceType::rpc});
}

std::optional<Device> from_ggml(std::string_view name) {
  if (name == "CPU") return Device::cpu();
  if (name == "Metal") return Device::mps();
  for (const auto& prefix : prefixes)
    if (name.starts_with(prefix.text))
      if (const auto id = parse_plain_id(name.substr(prefix.text.size()))) return Device(prefix.type, id);
  return std::nullopt;
}

}  // namespace berth
