#include "berth/torch.h"

#include <gtest/gtest.h>

#include "corpus/haystack_corpus.h"
#include "random_values.h"

namespace berth {
namespace {

TEST(Torch, IsTheSameDeviceThereAndBack) {
  for (const char* text : {"cpu", "cpu:0", "cuda", "cuda:0", "cuda:127", "mps", "mps:0", "xpu", "xpu:2", "vulkan"}) {
    const c10::Device device = to_c10(Device::from_str(text));
    EXPECT_EQ(device.str(), text);
    EXPECT_EQ(from_c10(device).str(), text);
  }
}

TEST(Torch, TellsAnAbsentIndexFromZero) {
  EXPECT_FALSE(to_c10(Device::gpu(std::nullopt)).has_index());
  EXPECT_EQ(to_c10(Device::gpu(0)).index(), 0);
  EXPECT_EQ(from_c10(c10::Device(c10::kCUDA)), Device::gpu(std::nullopt));
}

TEST(Torch, CallsRocmCuda) { EXPECT_EQ(from_c10(c10::Device(c10::kHIP, 1)), Device::gpu(1)); }

TEST(Torch, RefusesWhatTheOtherSideDoesNotHave) {
  EXPECT_THROW(to_c10(Device::npu()), std::invalid_argument);
  EXPECT_THROW(to_c10(Device::rpc(0)), std::invalid_argument);
  EXPECT_THROW(to_c10(Device::disk()), std::invalid_argument);
  EXPECT_THROW(to_c10(Device::gpu(128)), std::invalid_argument);
  EXPECT_THROW(from_c10(c10::Device(c10::kMeta)), std::invalid_argument);
}

TEST(Torch, EitherRefusesOrComesBack) {
  test::Random random;
  int converted = 0;
  for (int i = 0; i < 2000; ++i) {
    const Device device = random.device();
    try {
      const auto there = to_c10(device);
      ++converted;
      ASSERT_EQ(from_c10(there), device);
      ASSERT_EQ(there.str(), to_torch_str(device));
    } catch (const std::invalid_argument&) {
      ASSERT_TRUE(device.id().value_or(0) > 127 || device.type() == DeviceType::disk ||
                  device.type() == DeviceType::npu || device.type() == DeviceType::rpc)
          << device;
    }
  }
  EXPECT_GT(converted, 500);
}

/// Every torch.device that Haystack made of a single device, in any of the corpus's cases.
void expect_same_torch_device(const Value& value, int& compared) {
  if (value.is_array())
    for (const auto& element : value.as_array()) expect_same_torch_device(element, compared);
  if (!value.is_object()) return;
  const Value* to_dict = value.find("to_dict");
  const Value* to_torch = value.find("to_torch");
  const Value* dict = to_dict == nullptr ? nullptr : to_dict->find("result");
  const Value* torch = to_torch == nullptr ? nullptr : to_torch->find("result");
  if (dict != nullptr && torch != nullptr && dict->find("device") != nullptr) {
    const std::string text = dict->find("device")->as_string();
    try {
      const Device device = Device::from_str(text);
      if (device.id().value_or(0) <= 127 && device.type() != DeviceType::disk) {
        EXPECT_EQ(to_c10(device).str(), torch->find("$torch_device")->as_string()) << text;
        ++compared;
      }
    } catch (const std::invalid_argument&) {  // an id that Berth does not take: see the corpus test
    }
  }
  for (const auto& [name, element] : value.as_object()) expect_same_torch_device(element, compared);
}

TEST(Torch, IsTheDeviceThatHaystackGivesTorch) {
  int compared = 0;
  for (const auto& each : corpus::device_cases()) expect_same_torch_device(each.all, compared);
  EXPECT_GT(compared, 0);
}

}  // namespace
}  // namespace berth
