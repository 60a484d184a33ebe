#include "berth/fmt.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Fmt, FormatsWhatIsPrinted) {
  const DeviceMap map{{"a", Device::cpu()}};
  EXPECT_EQ(fmt::format("{} {}", DeviceType::cuda, Device::gpu(1)), "cuda cuda:1");
  EXPECT_EQ(fmt::format("{} {}", map, ComponentDevice(map)), R"({"a": "cpu"} {"a": "cpu"})");
  EXPECT_EQ(fmt::format("[{:>8}] [{:<8}] [{:^8}]", Device::gpu(1), DeviceType::cpu, ComponentDevice(Device::mps())),
            "[  cuda:1] [cpu     ] [  mps   ]");
}

}  // namespace
}  // namespace berth
