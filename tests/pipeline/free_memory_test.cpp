#include "pipeline/free_memory.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

constexpr std::uint64_t mib = 1 << 20;

std::vector<DeviceUse> use_of(const Device& device, std::uint64_t bytes) {
  return {{.device = device, .weights = bytes - mib, .compute = mib}};
}

TEST(FreeMemory, HoldsOnEachDeviceWhatIsFreeThere) {
  FreeMemory memory([] { return simulate("cpu:8GiB,cuda:1GiB,cuda:2GiB"); });
  EXPECT_TRUE(memory.take(use_of(Device::gpu(0), 600 * mib)));
  EXPECT_FALSE(memory.take(use_of(Device::gpu(0), 600 * mib)));
  EXPECT_TRUE(memory.take(use_of(Device::gpu(1), 600 * mib)));
  EXPECT_TRUE(memory.take(use_of(Device::gpu(0), 400 * mib))) << "what did not fit was not taken";
}

TEST(FreeMemory, TakesAllOrNothingOfAModelOnSeveralDevices) {
  FreeMemory memory([] { return simulate("cpu:8GiB,cuda:1GiB,cuda:1GiB"); });
  auto both = use_of(Device::gpu(0), 600 * mib);
  both.push_back(use_of(Device::gpu(1), 2048 * mib).front());
  EXPECT_FALSE(memory.take(both));
  EXPECT_TRUE(memory.take(use_of(Device::gpu(0), 1000 * mib)));
}

TEST(FreeMemory, LooksAtTheMachineForOtherDevicesThanTheCpuOnly) {
  int looked = 0;
  FreeMemory memory([&] {
    ++looked;
    return simulate("cpu:8GiB,cuda:1GiB");
  });
  EXPECT_TRUE(memory.take(use_of(Device::cpu(), 2 * mib)));
  EXPECT_FALSE(memory.take(use_of(Device::cpu(), std::uint64_t{1} << 60)));
  EXPECT_TRUE(memory.take(use_of(Device::disk(), std::uint64_t{1} << 60))) << "pages of a file come and go";
  EXPECT_EQ(looked, 0);
  EXPECT_TRUE(memory.take(use_of(Device::gpu(0), 2 * mib)));
  EXPECT_TRUE(memory.take(use_of(Device::gpu(7), std::uint64_t{1} << 60))) << "nothing is known of it";
  EXPECT_EQ(looked, 1);
}

}  // namespace
}  // namespace berth
