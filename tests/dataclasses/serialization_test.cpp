#include "dataclasses/serialization.h"

#include <gtest/gtest.h>

#include "berth/value_traits.h"

namespace berth {
namespace {

std::string refused_device(const Value& value) {
  try {
    from_value<ComponentDevice>(value);
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
  return "was accepted";
}

TEST(Serialization, OfADeviceIsReadAsHaystackDoes) {
  const ComponentDevice device = Device::gpu(1);
  EXPECT_EQ(from_value<ComponentDevice>(device.to_dict()), device);
  EXPECT_EQ(from_value<std::optional<ComponentDevice>>(Value()), std::nullopt);
  EXPECT_EQ(refused_device("cuda:1"), "Invalid component device type 'str'. Must either be None or ComponentDevice.");
  EXPECT_EQ(refused_device(Value()),
            "Invalid component device type 'NoneType'. Must either be None or ComponentDevice.");
}

}  // namespace
}  // namespace berth
