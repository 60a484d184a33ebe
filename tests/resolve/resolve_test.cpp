#include "berth/resolve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "random_values.h"

namespace berth {
namespace {

ComponentDevice resolved(std::vector<Device> available, ResolvePolicy policy = {}) {
  return resolve(std::nullopt, available, policy).device;
}

TEST(Resolve, TakesHaystacksOrder) {
  EXPECT_EQ(resolved({Device::cpu(), Device::mps(), Device::xpu(), Device::gpu(0)}), ComponentDevice(Device::gpu(0)));
  EXPECT_EQ(resolved({Device::cpu(), Device::mps(), Device(DeviceType::xpu, 1)}), ComponentDevice(Device::xpu()));
  EXPECT_EQ(resolved({Device::cpu(), Device(DeviceType::mps, 0)}), ComponentDevice(Device::mps()));
  EXPECT_EQ(resolved({Device::cpu()}), ComponentDevice(Device::cpu()));
  EXPECT_EQ(resolved({}), ComponentDevice(Device::cpu()));
}

TEST(Resolve, LeavesOutWhatIsSwitchedOff) {
  const std::vector<Device> all = {Device::cpu(), Device::mps(), Device::xpu()};
  EXPECT_EQ(resolved(all, {.xpu_enabled = false}), ComponentDevice(Device::mps()));
  EXPECT_EQ(resolved(all, {.mps_enabled = false, .xpu_enabled = false}), ComponentDevice(Device::cpu()));
}

TEST(Resolve, NeverTakesByItselfWhatOnlyBerthKnows) {
  const std::vector<Device> own = {Device::vulkan(0), Device::npu(), Device::rpc(0)};
  EXPECT_EQ(resolved(own), ComponentDevice(Device::cpu()));
  EXPECT_EQ(resolve(Device::vulkan(0), own).device, ComponentDevice(Device::vulkan(0)));
}

TEST(Resolve, SaysWhy) {
  const std::vector<Device> available = {Device::cpu(), Device::mps(), Device::xpu(), Device::vulkan(0)};
  EXPECT_EQ(resolve(std::nullopt, available, {.xpu_enabled = false}).str(),
            "cuda:0: not taken, this machine has none, or no engine of this build can use it\n"
            "xpu: not taken, left out by HAYSTACK_XPU_ENABLED=false\n"
            "mps: taken, the first of cuda, xpu, mps, cpu that is available\n"
            "cpu: not taken, mps comes first\n"
            "vulkan:0: not taken, only used where it is asked for by name");
  EXPECT_EQ(resolve(Device::gpu(1), available).str(), "cuda:1: taken, given");
}

TEST(Resolve, GivesAGivenDeviceBackAndAlwaysOneReasonWhy) {
  test::Random random;
  for (int i = 0; i < 1000; ++i) {
    std::vector<Device> available;
    for (int n = random.below(6); n > 0; --n) available.push_back(random.device());
    const ResolvePolicy policy{random.coin(), random.coin()};
    const auto request = random.coin() ? std::optional(random.component_device()) : std::nullopt;
    const auto resolution = resolve(request, available, policy);
    if (request) {
      ASSERT_EQ(resolution.device, *request);
    }
    ASSERT_EQ(std::ranges::count(resolution.reasons, true, &ResolveReason::taken), 1);
    const auto taken = std::ranges::find(resolution.reasons, true, &ResolveReason::taken);
    ASSERT_EQ(taken->device, resolution.device);
    ASSERT_EQ(resolution, resolve(request, available, policy));
  }
}

TEST(ResolvePolicy, OnlyTheExactWordSwitchesOff) {
  const auto policy_of = [](const char* mps, const char* xpu) {
    mps == nullptr ? unsetenv("HAYSTACK_MPS_ENABLED") : setenv("HAYSTACK_MPS_ENABLED", mps, 1);
    xpu == nullptr ? unsetenv("HAYSTACK_XPU_ENABLED") : setenv("HAYSTACK_XPU_ENABLED", xpu, 1);
    const auto policy = ResolvePolicy::from_environment();
    unsetenv("HAYSTACK_MPS_ENABLED");
    unsetenv("HAYSTACK_XPU_ENABLED");
    return std::pair(policy.mps_enabled, policy.xpu_enabled);
  };
  EXPECT_EQ(policy_of(nullptr, nullptr), std::pair(true, true));
  EXPECT_EQ(policy_of("false", "true"), std::pair(false, true));
  EXPECT_EQ(policy_of("False", "false"), std::pair(true, false));
  EXPECT_EQ(policy_of("", "0"), std::pair(true, true));
}

}  // namespace
}  // namespace berth
