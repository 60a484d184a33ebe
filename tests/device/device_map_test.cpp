#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "berth/device.h"
#include "random_values.h"

namespace berth {
namespace {

std::string map_error(const Value& dict) {
  try {
    DeviceMap::from_dict(dict);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

/// The same entries in another order.
DeviceMap shuffled(const DeviceMap& map) {
  std::vector<std::pair<std::string, Device>> entries(map.begin(), map.end());
  std::ranges::reverse(entries);
  DeviceMap other;
  for (const auto& [name, device] : entries) other.set(name, device);
  return other;
}

TEST(DeviceMap, IsAnOrderedMapping) {
  DeviceMap map{{"z", Device::gpu(1)}, {"a", Device::cpu()}};
  map.set("m", Device::disk());
  map.set("z", Device::gpu(2));
  EXPECT_EQ(map.str(), R"({"z": "cuda:2", "a": "cpu", "m": "disk"})");
  EXPECT_EQ(map.at("a"), Device::cpu());
  const Device* found = map.find("m");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found, Device::disk());
  EXPECT_EQ(map.find("n"), nullptr);
  EXPECT_TRUE(map.contains("z"));
  EXPECT_EQ(map.size(), 3u);
  EXPECT_EQ(map.first_device(), Device::gpu(2));
  EXPECT_TRUE(map.erase("z"));
  EXPECT_FALSE(map.erase("z"));
  EXPECT_EQ(map.first_device(), Device::cpu());
  EXPECT_THROW(map.at("z"), std::out_of_range);
}

TEST(DeviceMap, OfNothingHasNoFirstDevice) {
  EXPECT_TRUE(DeviceMap().empty());
  EXPECT_EQ(DeviceMap().first_device(), std::nullopt);
  EXPECT_EQ(DeviceMap().str(), "{}");
}

TEST(DeviceMap, ReadsWhatItWrites) {
  test::Random random;
  for (int i = 0; i < 1000; ++i) {
    const DeviceMap map = random.device_map();
    const DeviceMap read = DeviceMap::from_dict(map.to_dict());
    ASSERT_EQ(read, map);
    ASSERT_TRUE(std::ranges::equal(read, map));  // the order too
    ASSERT_EQ(DeviceMap::from_dict(Value::from_json(map.str())), map);
    std::ostringstream out;
    out << map;
    ASSERT_EQ(out.str(), map.str());
  }
}

TEST(DeviceMap, SaysWhichEntryIsNoDevice) {
  EXPECT_EQ(map_error(Value::Object{{"a", "gpu:0"}}), "Unknown device type string 'gpu'");
  EXPECT_EQ(map_error(Value::Object{{"a", "cpu"}, {"lm_head", nullptr}}),
            "The device of 'lm_head' must be a string such as \"cuda:0\", got null");
  EXPECT_EQ(map_error(Value::Object{{"a", 0}}), "The device of 'a' must be a string such as \"cuda:0\", got integer");
  EXPECT_EQ(map_error(Value::Array{}), "A device map must be an object of names and devices, got list");
}

TEST(DeviceMap, IsComparedWithoutRegardToItsOrder) {
  const DeviceMap map{{"a", Device::cpu()}, {"b", Device::gpu()}};
  EXPECT_EQ(map, (DeviceMap{{"b", Device::gpu()}, {"a", Device::cpu()}}));
  EXPECT_NE(map, (DeviceMap{{"a", Device::gpu()}, {"b", Device::cpu()}}));
  EXPECT_NE(map, (DeviceMap{{"a", Device::cpu()}, {"b", Device::gpu(std::nullopt)}}));
  EXPECT_LT((DeviceMap{{"a", Device::cpu()}}), map);
  EXPECT_NE(std::hash<DeviceMap>{}(map), std::hash<DeviceMap>{}({{"a", Device::gpu()}, {"b", Device::cpu()}}));
}

TEST(DeviceMap, HasATotalOrderThatAgreesWithEqualityAndHash) {
  test::Random random;
  for (int i = 0; i < 2000; ++i) {
    const DeviceMap a = random.device_map();
    const DeviceMap b = random.below(4) == 0 ? shuffled(a) : random.device_map();
    const DeviceMap c = random.device_map();
    ASSERT_EQ((a < b) + (b < a) + (a == b), 1) << a << b;
    if (a < b && b < c) {
      ASSERT_LT(a, c);
    }
    if (a == b) {
      ASSERT_EQ(std::hash<DeviceMap>{}(a), std::hash<DeviceMap>{}(b));
    }
    ASSERT_EQ(a, shuffled(a));
  }
}

}  // namespace
}  // namespace berth
