#include <algorithm>
#include <vector>

#include "berth/convert.h"
#include "device/convert_error.h"

namespace berth {
namespace {

std::string name_of(const Device& device) {
  switch (device.type()) {
    case DeviceType::cpu:
      check_only_device("OpenVINO", device);
      return "CPU";
    case DeviceType::npu:
      check_only_device("OpenVINO", device);
      return "NPU";
    case DeviceType::xpu:
      return device.id() ? "GPU." + std::to_string(*device.id()) : "GPU";
    case DeviceType::cuda:
    case DeviceType::disk:
    case DeviceType::mps:
    case DeviceType::vulkan:
    case DeviceType::rpc:
      break;
  }
  throw_no_device("OpenVINO", device, {DeviceType::cpu, DeviceType::xpu, DeviceType::npu});
}

}  // namespace

std::string to_openvino(const ComponentDevice& device) {
  if (!device.has_multiple_devices()) return name_of(*device.single());
  std::vector<std::string> names;
  for (const auto& [part, entry] : *device.multiple())
    if (auto name = name_of(entry); std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  if (names.empty()) throw std::invalid_argument("An empty device map names no OpenVINO device");
  if (names.size() == 1) return names.front();
  std::string text = "HETERO:" + names.front();
  for (std::size_t i = 1; i < names.size(); ++i) text += "," + names[i];
  return text;
}

Device from_openvino(std::string_view name) {
  static constexpr std::string_view gpu = "GPU.";
  if (name == "CPU") return Device::cpu();
  if (name == "NPU") return Device::npu();
  if (name == "GPU") return Device::xpu();
  if (name.starts_with(gpu))
    if (const auto id = parse_plain_id(name.substr(gpu.size()))) return Device(DeviceType::xpu, id);
  throw_not_a_device("OpenVINO", name, "CPU, GPU, GPU.0 and NPU");
}

}  // namespace berth
