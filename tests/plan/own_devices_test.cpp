#include "plan/own_devices.h"

#include <gtest/gtest.h>

#include "berth/simulated.h"
#include "plan/invented_models.h"
#include "plan/small_model.h"

namespace berth {
namespace {

/// One device of each type that can stand without an index.
Inventory machine() { return simulate("cpu:1GiB,cuda:1GiB,vulkan:70MiB"); }

TEST(OwnDevices, AreThoseOfTheInventoryForNamesWithoutIndex) {
  PlanRequest request{.max_memory = {{Device(DeviceType::cuda), 1}, {Device::rpc(3), 1}},
                      .pins = {{"ffn", Device(DeviceType::vulkan)}, {"attn", Device::cpu()}}};
  request.companions = {{CompanionKind::draft, test::small_model("llama"), Device(DeviceType::cuda)}};
  const auto own = plan::with_own_devices(request, machine());
  EXPECT_EQ(own.pins[0].device, Device(DeviceType::vulkan, 0));
  EXPECT_EQ(own.pins[1].device, Device::cpu());
  EXPECT_EQ(own.companions[0].device, Device::gpu(0));
  EXPECT_EQ(own.max_memory[0].device, Device::gpu(0));
  EXPECT_EQ(own.max_memory[1].device, Device::rpc(3)) << "there is none";
}

TEST(OwnDevices, HoldWhatIsPinnedToThemByTheirType) {
  const auto profile = test::invented_model("qwen3");
  const auto plan_with = [&](const Device& device) {
    return make_plan(profile, machine(),
                     {.context = {.n_ctx = 512}, .pins = {{"blk\\.0\\..*ffn", device}}, .use = {device}});
  };
  const auto by_type = plan_with(Device(DeviceType::vulkan));
  EXPECT_EQ(by_type.use, plan_with(Device(DeviceType::vulkan, 0)).use);
  for (const auto& use : by_type.use) EXPECT_NE(use.device, Device(DeviceType::vulkan));
  for (const auto& [name, device] : by_type.placement.tensors) EXPECT_EQ(device, Device(DeviceType::vulkan, 0));
}

TEST(OwnDevices, HoldCompanionsThatAreAskedForByTheirType) {
  const auto profile = test::small_model("llama");
  PlanRequest request{.context = {.n_ctx = 512}};
  request.companions = {{CompanionKind::draft, test::small_model("llama"), Device(DeviceType::cuda)}};
  const auto plan = make_plan(profile, machine(), request);
  ASSERT_EQ(plan.companions.size(), 1U);
  EXPECT_EQ(plan.companions[0].device, Device::gpu(0));
  for (const auto& use : plan.use) EXPECT_NE(use.device, Device(DeviceType::cuda));
  for (const auto& other : alternatives(plan, profile, machine(), request)) EXPECT_NE(other.what, "vulkan:0 alone");
}

}  // namespace
}  // namespace berth
