#include <gtest/gtest.h>

#include <sstream>

#include "berth/device.h"
#include "random_values.h"
#include "refusal.h"

namespace berth {
namespace {

using test::refusal;
constexpr const char* neither_nor_both =
    "The component device can neither be empty nor contain both a single device and a device map";
constexpr const char* disk = "The disk device can only be used as a part of device maps";

std::string from_dict_error(const Value& dict) {
  return refusal([&] { ComponentDevice::from_dict(dict); });
}

TEST(ComponentDevice, IsOneDeviceOrOneMap) {
  const ComponentDevice single = Device::gpu(1);
  ASSERT_NE(single.single(), nullptr);
  EXPECT_EQ(*single.single(), Device::gpu(1));
  EXPECT_EQ(single.multiple(), nullptr);
  EXPECT_FALSE(single.has_multiple_devices());
  EXPECT_EQ(single.str(), "cuda:1");

  const auto multiple = ComponentDevice::from_multiple({{"a", Device::cpu()}});
  EXPECT_EQ(multiple.single(), nullptr);
  ASSERT_NE(multiple.multiple(), nullptr);
  EXPECT_EQ(multiple.multiple()->size(), 1u);
  EXPECT_TRUE(multiple.has_multiple_devices());
  EXPECT_EQ(multiple.str(), R"({"a": "cpu"})");
}

TEST(ComponentDevice, IsNeverNeitherAndNeverBoth) {
  EXPECT_EQ(refusal([] { ComponentDevice(std::nullopt, std::nullopt); }), neither_nor_both);
  EXPECT_EQ(refusal([] { ComponentDevice(Device::cpu(), DeviceMap()); }), neither_nor_both);
  EXPECT_EQ(ComponentDevice(Device::cpu(), std::nullopt), ComponentDevice(Device::cpu()));
  EXPECT_EQ(ComponentDevice(std::nullopt, DeviceMap()), ComponentDevice(DeviceMap()));
}

TEST(ComponentDevice, IsNoDiskAlone) {
  EXPECT_EQ(refusal([] { ComponentDevice(Device::disk()); }), disk);
  EXPECT_EQ(refusal([] { ComponentDevice(Device(DeviceType::disk, 1)); }), disk);
  EXPECT_EQ(refusal([] { ComponentDevice(Device::disk(), std::nullopt); }), disk);
  EXPECT_EQ(refusal([] { ComponentDevice::from_str("disk"); }), disk);
  EXPECT_EQ(from_dict_error(Value::Object{{"type", "single"}, {"device", "disk"}}), disk);
  EXPECT_EQ(refusal([] { ComponentDevice(DeviceMap{{"a", Device::disk()}}).first_device(); }), disk);
}

TEST(ComponentDevice, HasAFirstDevice) {
  EXPECT_EQ(ComponentDevice(Device::xpu()).first_device(), ComponentDevice(Device::xpu()));
  EXPECT_EQ(ComponentDevice(DeviceMap{{"b", Device::gpu()}, {"a", Device::cpu()}}).first_device(),
            ComponentDevice(Device::gpu()));
  EXPECT_EQ(ComponentDevice(DeviceMap()).first_device(), std::nullopt);
}

TEST(ComponentDevice, ReadsWhatItWrites) {
  test::Random random;
  for (int i = 0; i < 1000; ++i) {
    const auto device = random.component_device();
    ASSERT_EQ(ComponentDevice::from_dict(device.to_dict()), device);
    ASSERT_EQ(ComponentDevice::from_dict(Value::from_json(device.to_dict().to_json())), device);
    std::ostringstream out;
    out << device;
    ASSERT_EQ(out.str(), device.str());
  }
  EXPECT_EQ(ComponentDevice(Device::gpu()).to_dict().to_json(), R"({"type": "single", "device": "cuda:0"})");
  EXPECT_EQ(ComponentDevice(DeviceMap{{"a", Device::cpu()}}).to_dict().to_json(),
            R"({"type": "multiple", "device_map": {"a": "cpu"}})");
}

TEST(ComponentDevice, SaysWhatIsWrongWithADictionary) {
  EXPECT_EQ(from_dict_error(Value::Object{{"type", "Single"}}),
            "Unknown component device type 'Single' in serialized data");
  EXPECT_EQ(from_dict_error(Value::Object{{"type", nullptr}}),
            "Unknown component device type 'None' in serialized data");
  const std::string form =
      "A serialized component device must be {\"type\": \"single\", \"device\": ...} or {\"type\": \"multiple\", "
      "\"device_map\": {...}}; ";
  EXPECT_EQ(from_dict_error(Value::Object{}), form + "\"type\" is missing");
  EXPECT_EQ(from_dict_error("cuda:0"), form + "got string");
  EXPECT_EQ(from_dict_error(Value::Object{{"type", "single"}}), form + "\"device\" is missing");
  EXPECT_EQ(from_dict_error(Value::Object{{"type", "multiple"}}), form + "\"device_map\" is missing");
  EXPECT_EQ(from_dict_error(Value::Object{{"type", "single"}, {"device", 0}}),
            "The device must be a string such as \"cuda:0\", got integer");
}

TEST(ComponentDevice, GivesAGivenDeviceBack) {
  test::Random random;
  for (int i = 0; i < 100; ++i) {
    const auto device = random.component_device();
    ASSERT_EQ(ComponentDevice::resolve_device(device), device);
  }
  // Types that this machine hardly has: it is not looked at.
  EXPECT_EQ(ComponentDevice::resolve_device(Device::gpu(1000)), ComponentDevice(Device::gpu(1000)));
}

TEST(ComponentDevice, HasATotalOrderThatAgreesWithEqualityAndHash) {
  test::Random random;
  for (int i = 0; i < 3000; ++i) {
    const auto a = random.component_device();
    const auto b = random.below(3) == 0 ? a : random.component_device();
    ASSERT_EQ((a < b) + (b < a) + (a == b), 1) << a << b;
    if (a == b) {
      ASSERT_EQ(std::hash<ComponentDevice>{}(a), std::hash<ComponentDevice>{}(b));
    }
    if (!a.has_multiple_devices() && b.has_multiple_devices()) {
      ASSERT_LT(a, b);
    }
  }
}

}  // namespace
}  // namespace berth
