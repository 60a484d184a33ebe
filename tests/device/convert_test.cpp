#include "berth/convert.h"

#include <gtest/gtest.h>

#include "random_values.h"
#include "refusal.h"

namespace berth {
namespace {

using test::refusal;
const DeviceMap map{{"z", Device::xpu()}, {"a", Device::cpu()}, {"m", Device::xpu()}};

/// The device that a form which always has an id, or never has one for a type, gives back.
bool same_but_for_id(const Device& a, const Device& b) {
  return a.type() == b.type() && a.id().value_or(0) == b.id().value_or(0);
}

/// Every device either has the form and comes back from it, or is refused by a message that names it.
template <class To, class From>
void expect_round_trips(const std::string& form, To to, From from) {
  test::Random random;
  int converted = 0;
  for (int i = 0; i < 2000; ++i) {
    const Device device = random.device();
    try {
      const auto there = to(device);
      ++converted;
      ASSERT_TRUE(same_but_for_id(from(there), device)) << form << " " << device << " -> " << from(there);
    } catch (const std::invalid_argument& error) {
      ASSERT_NE(std::string(error.what()).find("'" + device.str() + "'"), std::string::npos) << error.what();
      ASSERT_TRUE(std::string(error.what()).starts_with(form)) << error.what();
    }
  }
  EXPECT_GT(converted, 200) << form;
}

TEST(Convert, ComesBackFromEachForm) {
  expect_round_trips("ggml", to_ggml, [](const std::string& name) { return from_ggml(name).value(); });
  expect_round_trips("ONNX Runtime", to_onnxruntime, from_onnxruntime);
  expect_round_trips("DLPack", to_dlpack, from_dlpack);
  expect_round_trips("CTranslate2", to_ctranslate2, from_ctranslate2);
  test::Random random;
  for (int i = 0; i < 500; ++i) {
    const auto device = random.component_device();
    if (const Device* single = device.single()) {
      EXPECT_EQ(from_hf(to_hf(device)), device);
      if (single->type() == DeviceType::cuda || single->type() == DeviceType::xpu) {
        EXPECT_EQ(from_torch_str(to_torch_str(device)), *single);
      }
      if (single->type() == DeviceType::xpu) {
        EXPECT_EQ(from_openvino(to_openvino(device)), *single);
      }
    } else {
      const auto read = from_hf(to_hf(device));
      ASSERT_EQ(read.multiple()->size(), device.multiple()->size());
      for (const auto& [name, entry] : *read.multiple())
        EXPECT_TRUE(same_but_for_id(entry, device.multiple()->at(name)));
    }
  }
}

TEST(Torch, TakesSingleDevicesThatItHas) {
  EXPECT_EQ(to_torch_str(Device::gpu(1)), "cuda:1");
  EXPECT_EQ(to_torch_str(Device::vulkan()), "vulkan");
  EXPECT_EQ(refusal([] { to_torch_str(map); }), "Only single devices can be converted to PyTorch format");
  EXPECT_EQ(refusal([] { to_torch_str(Device::npu()); }),
            "PyTorch has no device for 'npu'; it has cpu, cuda, mps, xpu and vulkan");
  EXPECT_EQ(refusal([] { from_torch_str("disk"); }),
            "PyTorch has no device for 'disk'; it has cpu, cuda, mps, xpu and vulkan");
  EXPECT_EQ(refusal([] { from_torch_str("meta"); }), "Unknown device type string 'meta'");
}

TEST(HuggingFace, IsAStringOrAMapWithIntegers) {
  EXPECT_EQ(to_hf(Device::gpu(1)), Value("cuda:1"));
  EXPECT_EQ(to_hf(Device::rpc(0)), Value("rpc:0"));
  EXPECT_EQ(to_hf(DeviceMap{{"b", Device::gpu(1)}, {"a", Device::gpu(std::nullopt)}, {"c", Device::disk()}}).to_json(),
            R"({"b": 1, "a": 0, "c": "disk"})");
  EXPECT_EQ(to_hf(DeviceMap()), Value(Value::Object{}));
}

TEST(HuggingFace, ReadsStringsIntegersAndMaps) {
  EXPECT_EQ(from_hf("cuda:1"), ComponentDevice(Device::gpu(1)));
  EXPECT_EQ(from_hf(2), ComponentDevice(Device::gpu(2)));
  EXPECT_EQ(from_hf(-1), ComponentDevice(Device::cpu()));
  EXPECT_EQ(from_hf(Value::Object{{"", 0}}), ComponentDevice(DeviceMap{{"", Device::gpu(0)}}));
  EXPECT_EQ(refusal([] { from_hf(-2); }), "Device id must be >= 0, got -2");
  EXPECT_EQ(refusal([] { from_hf(std::int64_t{1} << 40); }), "Device id must be <= 2147483647, got 1099511627776");
  EXPECT_EQ(refusal([] { from_hf("auto"); }), "Unknown device type string 'auto'");
  EXPECT_EQ(refusal([] { from_hf(nullptr); }),
            "A HuggingFace device must be a string, an integer or a device map, got null");
}

TEST(HuggingFace, NamesTheEntryOfAMapThatIsNoDevice) {
  const auto error = [](Value value) {
    return refusal([&] { device_map_from_hf(Value::Object{{"lm_head", std::move(value)}}); });
  };
  const std::string start = "Couldn't convert HuggingFace device map - unexpected device '";
  EXPECT_EQ(error(nullptr), start + "None' for 'lm_head'");
  EXPECT_EQ(error(true), start + "True' for 'lm_head'");
  EXPECT_EQ(error(1.5), start + "1.5' for 'lm_head'");
  EXPECT_EQ(error(Value::Array{"a", 0}), start + "['a', 0]' for 'lm_head'");
  EXPECT_EQ(error(-1), "Device id must be >= 0, got -1");
  EXPECT_EQ(refusal([] { device_map_from_hf("auto"); }),
            "A HuggingFace device map must be an object of names and devices, got string");
}

TEST(HuggingFace, UpdatesKeywordArguments) {
  test::Random random;
  for (int i = 0; i < 2000; ++i) {
    Value::Object before = random.object();
    if (random.below(3) == 0) before.set("device", random.value(1));
    if (random.below(3) == 0) before.set("device_map", random.value(1));
    const auto device = random.component_device();
    const std::string key = device.has_multiple_devices() ? "device_map" : "device";
    const bool has_either = before.contains("device") || before.contains("device_map");
    const bool overwrite = random.coin();

    Value::Object kwargs = before;
    update_hf_kwargs(device, kwargs, overwrite);
    if (has_either && !overwrite) {
      ASSERT_EQ(Value(kwargs).to_json(), Value(before).to_json());
      continue;
    }
    ASSERT_EQ(kwargs.at(key), to_hf(device));
    ASSERT_EQ(kwargs.size(), before.size() + !before.contains(key));
    for (const auto& [name, value] : before)
      if (name != key) {
        ASSERT_EQ(kwargs.at(name), value);
      }
    auto again = kwargs;  // a second time changes nothing
    update_hf_kwargs(device, again, overwrite);
    ASSERT_EQ(Value(again).to_json(), Value(kwargs).to_json());
  }
}

TEST(SpaCy, IsTheIdOfAGpuOrTheCpu) {
  EXPECT_EQ(to_spacy(Device::gpu(3)), 3);
  EXPECT_EQ(to_spacy(Device::gpu(std::nullopt)), 0);
  EXPECT_EQ(to_spacy(Device::cpu()), -1);
  EXPECT_EQ(to_spacy(Device::mps()), -1);
  EXPECT_EQ(refusal([] { to_spacy(map); }), "Only single devices can be converted to spaCy format");
  EXPECT_EQ(from_spacy(-1), Device::cpu());
  EXPECT_EQ(from_spacy(3), Device::gpu(3));
  EXPECT_EQ(refusal([] { from_spacy(-2); }), "Device id must be >= 0, got -2");
}

TEST(Ggml, IsTheNameThatItsBackendsGive) {
  EXPECT_EQ(to_ggml(Device::cpu()), "CPU");
  EXPECT_EQ(to_ggml(Device::gpu(std::nullopt)), "CUDA0");
  EXPECT_EQ(to_ggml(Device::gpu(12)), "CUDA12");
  EXPECT_EQ(to_ggml(Device::mps()), "MTL0");
  EXPECT_EQ(to_ggml(Device(DeviceType::xpu, 1)), "SYCL1");
  EXPECT_EQ(to_ggml(Device::vulkan(1)), "Vulkan1");
  EXPECT_EQ(to_ggml(Device::rpc(2)), "RPC2");
  EXPECT_EQ(refusal([] { to_ggml(Device::npu()); }),
            "ggml has no device for 'npu'; it has cpu, cuda, mps, xpu, vulkan and rpc");
  EXPECT_EQ(refusal([] { to_ggml(Device(DeviceType::cpu, 1)); }), "ggml has one cpu device: there is none for 'cpu:1'");
}

TEST(Ggml, ReadsOtherNamesForTheSame) {
  EXPECT_EQ(from_ggml("ROCm1"), Device::gpu(1));
  EXPECT_EQ(from_ggml("Metal"), Device::mps());
  for (const char* name : {"", "BLAS", "CUDA", "CUDA-1", "CUDA+1", "CUDA1 ", "cuda0", "CUDA99999999999", "RPC", "MTL",
                           "CPU0", "CUDA0_Host"})
    EXPECT_EQ(from_ggml(name), std::nullopt) << name;
}

TEST(OpenVino, IsADeviceOrAListOfThem) {
  EXPECT_EQ(to_openvino(Device::cpu()), "CPU");
  EXPECT_EQ(to_openvino(Device::xpu()), "GPU");
  EXPECT_EQ(to_openvino(Device(DeviceType::xpu, 1)), "GPU.1");
  EXPECT_EQ(to_openvino(Device::npu()), "NPU");
  EXPECT_EQ(to_openvino(map), "HETERO:GPU,CPU");
  EXPECT_EQ(to_openvino(DeviceMap{{"a", Device(DeviceType::xpu, 0)}, {"b", Device::cpu()}}), "HETERO:GPU.0,CPU");
  EXPECT_EQ(to_openvino(DeviceMap{{"a", Device::npu()}, {"b", Device::npu()}}), "NPU");
  EXPECT_EQ(refusal([] { to_openvino(Device::gpu()); }),
            "OpenVINO has no device for 'cuda:0'; it has cpu, xpu and npu");
  EXPECT_EQ(refusal([] {
              to_openvino(DeviceMap{{"a", Device::cpu()}, {"b", Device::disk()}});
            }),
            "OpenVINO has no device for 'disk'; it has cpu, xpu and npu");
  EXPECT_EQ(refusal([] { to_openvino(Device::npu(1)); }), "OpenVINO has one npu device: there is none for 'npu:1'");
  EXPECT_EQ(refusal([] { to_openvino(DeviceMap()); }), "An empty device map names no OpenVINO device");
}

TEST(OpenVino, ReadsOneDevice) {
  EXPECT_EQ(from_openvino("GPU"), Device::xpu());
  EXPECT_EQ(from_openvino("GPU.1"), Device(DeviceType::xpu, 1));
  EXPECT_EQ(from_openvino("NPU"), Device::npu());
  for (const char* name : {"", "AUTO", "HETERO:GPU,CPU", "GPU.", "GPU.x", "gpu", "CPU.1", "GPU.-1"})
    EXPECT_EQ(refusal([&] { from_openvino(name); }),
              "OpenVINO device '" + std::string(name) + "' is not known; known are CPU, GPU, GPU.0 and NPU");
}

TEST(OnnxRuntime, IsAProviderWithOptions) {
  using Options = OrderedMap<std::string>;
  EXPECT_EQ(to_onnxruntime(Device::cpu()), (OnnxRuntimeProvider{"CPUExecutionProvider", {}}));
  EXPECT_EQ(to_onnxruntime(Device::gpu(1)),
            (OnnxRuntimeProvider{"CUDAExecutionProvider", Options{{"device_id", "1"}}}));
  EXPECT_EQ(to_onnxruntime(Device::gpu(std::nullopt)), (OnnxRuntimeProvider{"CUDAExecutionProvider", {}}));
  EXPECT_EQ(to_onnxruntime(Device::mps()), (OnnxRuntimeProvider{"CoreMLExecutionProvider", {}}));
  EXPECT_EQ(to_onnxruntime(Device(DeviceType::xpu, 0)),
            (OnnxRuntimeProvider{"OpenVINOExecutionProvider", Options{{"device_type", "GPU.0"}}}));
  EXPECT_EQ(to_onnxruntime(Device::npu()),
            (OnnxRuntimeProvider{"OpenVINOExecutionProvider", Options{{"device_type", "NPU"}}}));
  EXPECT_EQ(refusal([] { to_onnxruntime(Device::rpc()); }),
            "ONNX Runtime has no device for 'rpc'; it has cpu, cuda, mps, xpu and npu");
}

TEST(OnnxRuntime, ReadsProvidersOfOneDevice) {
  EXPECT_EQ(from_onnxruntime({"ROCMExecutionProvider", {{"device_id", "2"}, {"gpu_mem_limit", "1"}}}), Device::gpu(2));
  EXPECT_EQ(from_onnxruntime({"MIGraphXExecutionProvider", {}}), Device::gpu(std::nullopt));
  EXPECT_EQ(refusal([] {
              from_onnxruntime({"CUDAExecutionProvider", {{"device_id", "x"}}});
            }),
            "ONNX Runtime device 'x' is not known; known are numbers from 0 on in device_id");
  EXPECT_EQ(refusal([] {
              from_onnxruntime({"OpenVINOExecutionProvider", {}});
            }),
            "OpenVINOExecutionProvider without device_type chooses its device itself");
  EXPECT_THROW(from_onnxruntime({"OpenVINOExecutionProvider", {{"device_type", "AUTO"}}}), std::invalid_argument);
  EXPECT_THROW(from_onnxruntime({"DmlExecutionProvider", {}}), std::invalid_argument);
}

TEST(DlPack, HasTheNumbersOfItsHeader) {
  EXPECT_EQ(to_dlpack(Device::cpu()), (DlpackDevice{1, 0}));
  EXPECT_EQ(to_dlpack(Device::gpu(3)), (DlpackDevice{2, 3}));
  EXPECT_EQ(to_dlpack(Device::vulkan(1)), (DlpackDevice{7, 1}));
  EXPECT_EQ(to_dlpack(Device::mps()), (DlpackDevice{8, 0}));
  EXPECT_EQ(to_dlpack(Device::xpu()), (DlpackDevice{14, 0}));
  EXPECT_EQ(from_dlpack({10, 1}), Device::gpu(1));
  EXPECT_EQ(refusal([] { to_dlpack(Device::disk()); }),
            "DLPack has no device for 'disk'; it has cpu, cuda, mps, xpu and vulkan");
  EXPECT_THROW(from_dlpack({3, 0}), std::invalid_argument);  // pinned memory of the host is no device
  EXPECT_THROW(from_dlpack({2, -1}), std::invalid_argument);
}

TEST(CTranslate2, HasCpuAndCuda) {
  EXPECT_EQ(to_ctranslate2(Device::gpu(1)), (CTranslate2Device{"cuda", 1}));
  EXPECT_EQ(to_ctranslate2(Device::cpu()), (CTranslate2Device{"cpu", 0}));
  EXPECT_EQ(refusal([] { to_ctranslate2(Device::mps()); }), "CTranslate2 has no device for 'mps'; it has cpu and cuda");
  EXPECT_EQ(from_ctranslate2({"cuda", 2}), Device::gpu(2));
  EXPECT_THROW(from_ctranslate2({"auto", 0}), std::invalid_argument);
  EXPECT_THROW(from_ctranslate2({"cpu", 1}), std::invalid_argument);
  EXPECT_THROW(from_ctranslate2({"cuda", -1}), std::invalid_argument);
}

}  // namespace
}  // namespace berth
