#include "berth/resolve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "berth/error.h"
#include "machine_of.h"
#include "random_values.h"

namespace berth {
namespace {

using test::machine_of;
using test::usable;

ComponentDevice resolved(const std::vector<Device>& available, const ResolvePolicy& policy = {}) {
  return resolve({}, machine_of(available), policy).device;
}

std::string refusal(const ResolveRequest& request, const Inventory& inventory, const ResolvePolicy& policy = {}) {
  try {
    resolve(request, inventory, policy);
  } catch (const DeviceNotFound& problem) {
    return problem.what();
  }
  return "nothing was refused";
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
  EXPECT_EQ(resolve(Device::vulkan(0), machine_of(own)).device, ComponentDevice(Device::vulkan(0)));
  EXPECT_EQ(resolve(Wish::from_str("gpu"), machine_of(own)).device, ComponentDevice(Device::vulkan(0)));
}

TEST(Resolve, SaysWhy) {
  auto inventory = machine_of({Device::cpu(), Device::mps(), Device::xpu(), Device::vulkan(0)});
  EXPECT_EQ(resolve({}, inventory, {.xpu_enabled = false}).str(),
            "cuda:0: not taken, this machine has none\n"
            "xpu: not taken, left out by HAYSTACK_XPU_ENABLED=false\n"
            "mps: taken, the first of cuda, xpu, mps, cpu that is available\n"
            "cpu: not taken, mps comes first\n"
            "vulkan:0: not taken, only used where it is asked for by name");
  EXPECT_EQ(resolve(Device::mps(), inventory).str(), "mps: taken, given");
}

TEST(Resolve, CountsOnlyWhatAnEngineCanUse) {
  auto inventory = machine_of({Device::cpu(), Device::gpu(0), Device::gpu(1)});
  inventory.devices[1].engines.clear();
  EXPECT_EQ(resolve(Wish::from_str("gpu"), inventory).device, ComponentDevice(Device::gpu(1)));
  EXPECT_EQ(resolve({}, inventory).device, ComponentDevice(Device::gpu(0))) << "Haystack looks at types alone";
  inventory.devices[2].engines.clear();
  EXPECT_EQ(resolve({}, inventory).device, ComponentDevice(Device::cpu()));
  EXPECT_EQ(resolve({}, inventory).reasons[0].why, "no engine of this build can use it");
  EXPECT_EQ(refusal(Wish::from_str("gpu"), inventory),
            "No device of this machine meets the wish 'gpu'; cpu: of another type than was asked for; cuda:0: no engine "
            "of this build can use it; cuda:1: no engine of this build can use it");
}

TEST(Resolve, RefusesDevicesThatAreNotThereAndNamesTheNearest) {
  const auto inventory = machine_of({Device::cpu(), Device::gpu(0), Device::gpu(1)});
  EXPECT_EQ(refusal(Device::gpu(7), inventory), "This machine has no device 'cuda:7'; it has cuda:0, cuda:1, cpu");
  EXPECT_EQ(refusal(ComponentDevice(DeviceMap{{"a", Device::gpu(1)}, {"b", Device::xpu()}}), inventory),
            "This machine has no device 'xpu' (of 'b' in the map); it has cpu, cuda:0, cuda:1");
  const ComponentDevice with_disk(DeviceMap{{"a", Device::gpu(1)}, {"b", Device::disk()}});
  EXPECT_EQ(resolve(with_disk, inventory).device, with_disk);
  EXPECT_EQ(resolve(Device::gpu(std::nullopt), inventory).device, ComponentDevice(Device::gpu(std::nullopt)));
}

TEST(Resolve, TakesTheAcceleratorWithTheMostFreeMemory) {
  Inventory inventory;
  inventory.devices = {usable(Device::cpu(), 64), usable(Device::gpu(0), 10), usable(Device::gpu(1), 20)};
  const ResolvePolicy most_free{.rule = ResolveRule::most_free};
  EXPECT_EQ(resolve({}, inventory, most_free).device, ComponentDevice(Device::gpu(1)));
  EXPECT_EQ(resolve({}, inventory, most_free).str(),
            "cpu: not taken, cuda:1 is preferred\n"
            "cuda:0: not taken, cuda:1 is preferred\n"
            "cuda:1: taken, the accelerator with the most free memory");
  EXPECT_EQ(resolve(Wish{.except = {DeviceType::cuda}}, inventory, most_free).device, ComponentDevice(Device::cpu()));
}

TEST(Resolve, TakesTheFastestWhereAllAreMeasured) {
  Inventory inventory;
  inventory.devices = {usable(Device::cpu(), 64), usable(Device::gpu(0), 10), usable(Device::gpu(1), 20)};
  const ResolvePolicy fastest{.rule = ResolveRule::fastest};
  EXPECT_EQ(resolve({}, inventory, fastest).device, ComponentDevice(Device::gpu(0)));
  inventory.devices[0].speed = {.memory_bytes_per_s = 1e10};
  inventory.devices[1].speed = {.memory_bytes_per_s = 1e11};
  EXPECT_EQ(resolve({}, inventory, fastest).reasons[1].why, "the first by type, as not all are measured");
  inventory.devices[2].speed = {.memory_bytes_per_s = 1e12};
  EXPECT_EQ(resolve({}, inventory, fastest).device, ComponentDevice(Device::gpu(1)));
}

TEST(Resolve, LetsTheCallerChoose) {
  const auto inventory = machine_of({Device::cpu(), Device::gpu(0), Device::gpu(1)});
  const auto last = [](std::span<const DeviceInfo* const> candidates) { return candidates.back(); };
  EXPECT_EQ(resolve({}, inventory, {.choose = last}).device, ComponentDevice(Device::gpu(1)));
  const auto none = [](std::span<const DeviceInfo* const>) -> const DeviceInfo* { return nullptr; };
  EXPECT_EQ(refusal({}, inventory, {.choose = none}),
            "The caller took none of the devices that meet the wish 'auto'; there is no other device");
}

TEST(Resolve, AnswersWhatTheWishAsksForWithExactlyOneReasonTakenOrRefuses) {
  test::Random random;
  int resolved = 0;
  for (int i = 0; i < 2000; ++i) {
    Inventory inventory;
    for (int n = random.below(6); n > 0; --n) {
      auto info = usable(Device(random.device().type(), random.below(4)), static_cast<std::uint64_t>(random.below(100)));
      if (inventory.find(info.device) == nullptr) inventory.devices.push_back(std::move(info));
    }
    Wish wish{.min_free_bytes = static_cast<std::uint64_t>(random.below(100))};
    if (random.coin()) wish.except.push_back(random.device().type());
    if (random.coin()) wish.only = {random.device().type(), random.device().type()};
    const ResolvePolicy policy{random.coin(), random.coin(), static_cast<ResolveRule>(random.below(3))};
    const ResolveRequest request = random.coin() ? ResolveRequest(wish) : ResolveRequest();
    try {
      const auto resolution = resolve(request, inventory, policy);
      ++resolved;
      ASSERT_EQ(std::ranges::count(resolution.reasons, true, &ResolveReason::taken), 1);
      const auto taken = std::ranges::find(resolution.reasons, true, &ResolveReason::taken);
      ASSERT_EQ(taken->device, resolution.device);
      ASSERT_EQ(resolution, resolve(request, inventory, policy));
      if (!std::holds_alternative<Wish>(request)) continue;
      const auto* info = inventory.find(*resolution.device.single());
      ASSERT_GE(info->free_bytes, wish.min_free_bytes);
      ASSERT_EQ(std::ranges::count(wish.except, info->device.type()), 0);
      if (!wish.only.empty()) {
        ASSERT_GE(std::ranges::count(wish.only, info->device.type()), 1);
      }
    } catch (const DeviceNotFound& problem) {
      ASSERT_NE(std::string(problem.what()), "");
    }
  }
  EXPECT_GT(resolved, 500);
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
