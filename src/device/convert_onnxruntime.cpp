#include "berth/convert.h"
#include "device/convert_error.h"

namespace berth {

OnnxRuntimeProvider to_onnxruntime(const Device& device) {
  switch (device.type()) {
    case DeviceType::cpu:
      check_only_device("ONNX Runtime", device);
      return {"CPUExecutionProvider", {}};
    case DeviceType::mps:
      check_only_device("ONNX Runtime", device);
      return {"CoreMLExecutionProvider", {}};
    case DeviceType::cuda:
      if (!device.id()) return {"CUDAExecutionProvider", {}};
      return {"CUDAExecutionProvider", {{"device_id", std::to_string(*device.id())}}};
    case DeviceType::npu:
      check_only_device("ONNX Runtime", device);
      [[fallthrough]];
    case DeviceType::xpu:
      return {"OpenVINOExecutionProvider", {{"device_type", to_openvino(device)}}};
    case DeviceType::disk:
    case DeviceType::vulkan:
    case DeviceType::rpc:
      break;
  }
  throw_no_device("ONNX Runtime", device,
                  {DeviceType::cpu, DeviceType::cuda, DeviceType::mps, DeviceType::xpu, DeviceType::npu});
}

Device from_onnxruntime(const OnnxRuntimeProvider& provider) {
  const std::string_view name = provider.provider;
  if (name == "CPUExecutionProvider") return Device::cpu();
  if (name == "CoreMLExecutionProvider") return Device::mps();
  if (name == "CUDAExecutionProvider" || name == "ROCMExecutionProvider" || name == "MIGraphXExecutionProvider") {
    const std::string* text = provider.options.find("device_id");
    if (text == nullptr) return Device::gpu(std::nullopt);
    const auto id = parse_plain_id(*text);
    if (!id) throw_not_a_device("ONNX Runtime", *text, "numbers from 0 on in device_id");
    return Device::gpu(id);
  }
  if (name == "OpenVINOExecutionProvider") {
    const std::string* type = provider.options.find("device_type");
    if (type == nullptr)
      throw std::invalid_argument("OpenVINOExecutionProvider without device_type chooses its device itself");
    return from_openvino(*type);
  }
  throw_not_a_device("ONNX Runtime", name,
                     "CPUExecutionProvider, CUDAExecutionProvider, ROCMExecutionProvider, MIGraphXExecutionProvider, "
                     "CoreMLExecutionProvider and OpenVINOExecutionProvider");
}

}  // namespace berth
