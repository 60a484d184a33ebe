/// A device in the words of other engines and libraries, and back.
///
/// to_X() throws std::invalid_argument where X has no such device, naming what it has: "OpenVINO has no device for
/// 'cuda:0'; it has cpu, xpu and npu". from_X() throws it where the text or number names no device of Berth. An absent
/// id is written as the default of that form, or as 0 where the form needs an id. But for that, from_X(to_X(device))
/// is the same device, unless said otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "berth/device.h"
#include "berth/ordered_map.h"
#include "berth/value.h"

namespace berth {

/// PyTorch: "cuda:1". For a map "Only single devices can be converted to PyTorch format", as in Haystack.
/// PyTorch has cpu, cuda, mps, xpu and vulkan. A torch device itself is in berth/torch.h.
std::string to_torch_str(const ComponentDevice& device);
Device from_torch_str(std::string_view text);

/// Hugging Face (`device`, `device_map` of transformers): a single device is a string, a map an object with an integer
/// for each cuda device and a string for each other one. Types that only Berth knows are strings too. In a map "cuda"
/// is 0 (in Haystack an AssertionError).
Value to_hf(const ComponentDevice& device);
/// A string as Device::from_str; an integer n, cuda:n, and -1, the CPU, as transformers' pipelines have it; an object
/// as device_map_from_hf. Strategies ("auto", "balanced") name no device.
ComponentDevice from_hf(const Value& device);
/// Integers are cuda ids, strings as Device::from_str. Throws std::invalid_argument for the rest: "Couldn't convert
/// HuggingFace device map - unexpected device 'None' for 'lm_head'".
DeviceMap device_map_from_hf(const Value& device_map);
/// Sets "device" (of a single device) or "device_map" (of a map) in `kwargs` to to_hf(). Unless `overwrite`, nothing
/// is changed where either of them is there already, even as null.
void update_hf_kwargs(const ComponentDevice& device, Value::Object& kwargs, bool overwrite);

/// spaCy: the id of a cuda device (0 where it has none; in Haystack an AssertionError), -1 for any other: the CPU.
/// For a map "Only single devices can be converted to spaCy format".
int to_spacy(const ComponentDevice& device);
Device from_spacy(int gpu_id);  ///< -1 is the CPU

/// ggml: "CPU", "CUDA0", "MTL0" (mps), "SYCL0" (xpu), "Vulkan0", "RPC0". It has no npu and disk.
std::string to_ggml(const Device& device);
/// None for a name that stands for no such device ("BLAS"). Also reads "ROCm0" (cuda) and "Metal" (mps).
std::optional<Device> from_ggml(std::string_view name);

/// OpenVINO: "CPU", "GPU" or "GPU.1" (xpu), "NPU"; a map is "HETERO:GPU.0,CPU", its distinct devices in its order, or
/// that device itself where there is only one. It has cpu, xpu and npu.
std::string to_openvino(const ComponentDevice& device);
Device from_openvino(std::string_view name);  ///< one device; "HETERO:...", "AUTO" and the like are refused

/// One of ONNX Runtime's execution providers and its options, both as its API takes them.
struct OnnxRuntimeProvider {
  std::string provider;             ///< "CUDAExecutionProvider"
  OrderedMap<std::string> options;  ///< {"device_id": "1"}

  bool operator==(const OnnxRuntimeProvider&) const = default;
};
/// CPUExecutionProvider, CUDAExecutionProvider {device_id}, CoreMLExecutionProvider (mps), OpenVINOExecutionProvider
/// {device_type: "GPU.0"} (xpu) or {device_type: "NPU"}. Without an id, without device_id.
OnnxRuntimeProvider to_onnxruntime(const Device& device);
/// Also reads ROCMExecutionProvider and MIGraphXExecutionProvider (cuda). Other options do not matter.
Device from_onnxruntime(const OnnxRuntimeProvider& provider);

/// DLPack's DLDevice, with the numbers of dlpack.h 1.0.
struct DlpackDevice {
  std::int32_t device_type;  ///< kDLCPU 1, kDLCUDA 2, kDLVulkan 7, kDLMetal 8 (mps), kDLOneAPI 14 (xpu)
  std::int32_t device_id;

  auto operator<=>(const DlpackDevice&) const = default;
};
DlpackDevice to_dlpack(const Device& device);
Device from_dlpack(DlpackDevice device);  ///< the id is always there; kDLROCM (10) is cuda

/// CTranslate2's arguments `device` and `device_index`. It has cpu and cuda.
struct CTranslate2Device {
  std::string device;  ///< "cpu" or "cuda"
  int device_index;

  bool operator==(const CTranslate2Device&) const = default;
};
CTranslate2Device to_ctranslate2(const Device& device);
Device from_ctranslate2(const CTranslate2Device& device);  ///< "cpu" or "cuda:ID"; "auto" names no device

}  // namespace berth
