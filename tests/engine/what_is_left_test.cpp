/// What a model was planned by holds for the next plan too, where a device is lost.
#include "engine/host/what_is_left.h"

#include <gmock/gmock.h>

#include "berth/error.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

DeviceInfo remote_device(int index, const std::string& endpoint) {
  DeviceInfo info{.device = Device(DeviceType::rpc, index)};
  info.remote = RemoteInfo{.endpoint = endpoint};
  return info;
}

DeviceInfo gpu_with(int index, const std::string& uuid) {
  DeviceInfo info{.device = Device(DeviceType::cuda, index)};
  info.uuid = uuid;
  return info;
}

Inventory machine_of_devices(std::vector<DeviceInfo> devices) {
  Inventory machine;
  machine.devices = {{.device = Device::cpu()}};
  machine.devices.insert(machine.devices.end(), devices.begin(), devices.end());
  return machine;
}

const Inventory all_there = machine_of_devices(
    {gpu_with(0, "GPU-a"), gpu_with(1, "GPU-b"), remote_device(0, "den:1"), remote_device(1, "attic:1")});
/// Without the worker in the den and the first GPU: what is left has the first names now.
const Inventory left_over = machine_of_devices({gpu_with(0, "GPU-b"), remote_device(0, "attic:1")});

PlanRequest request_on(const Inventory& left, PlanRequest asked, std::string* told = nullptr) {
  return host::request_for({std::move(asked), all_there}, left, [&](std::string_view text) {
    if (told != nullptr) *told += text;
  });
}

Device worker_number(int index) { return Device(DeviceType::rpc, index); }

TEST(WhatIsLeft, KeepsBudgetsPinsAndChoicesWithTheirHardware) {
  std::string told;
  const auto request =
      request_on(left_over,
                 {.context = {.n_ctx = 512},
                  .objective = Objective::prompt,
                  .strategy = MapStrategy::sequential,
                  .max_memory = {{worker_number(0), 100}, {worker_number(1), 200}, {Device::cpu(), 300}},
                  .leave = 77,
                  .pins = {{"attn", worker_number(1)}, {"ffn", worker_number(0)}, {"norm", Device::cpu()}},
                  .use = {worker_number(0), worker_number(1)},
                  .avoid = {Device(DeviceType::cuda, 1)}},
                 &told);
  EXPECT_EQ(request.strategy, MapStrategy::sequential);
  EXPECT_EQ(request.objective, Objective::prompt);
  EXPECT_EQ(request.leave, 77U);
  EXPECT_EQ(request.context.n_ctx, 512);
  EXPECT_THAT(request.max_memory, ElementsAre(MemoryBudget{worker_number(0), 200}, MemoryBudget{Device::cpu(), 300}));
  EXPECT_THAT(request.pins, ElementsAre(Pin{"attn", worker_number(0)}, Pin{"norm", Device::cpu()}));
  EXPECT_THAT(request.use, ElementsAre(worker_number(0)));
  EXPECT_THAT(request.avoid, ElementsAre(Device(DeviceType::cuda, 0)));
  EXPECT_THAT(told, HasSubstr("rpc:0 is gone, so that what was pinned there (ffn) goes elsewhere"));
}

TEST(WhatIsLeft, BringsNoDeviceIntoPlayThatWasRuledOut) {
  const auto used = request_on(left_over, {.use = {worker_number(0)}});
  EXPECT_THAT(used.use, IsEmpty());
  EXPECT_THAT(used.avoid, UnorderedElementsAre(Device(DeviceType::cuda, 0), worker_number(0)))
      << "only the CPU is left of them";
  const auto budgets = request_on(left_over, {.strategy = MapStrategy::auto_, .max_memory = {{worker_number(0), 100}}});
  EXPECT_THAT(budgets.avoid, UnorderedElementsAre(Device(DeviceType::cuda, 0), worker_number(0)));
  EXPECT_THAT(request_on(left_over, {.max_memory = {{worker_number(0), 100}}}).avoid, IsEmpty())
      << "optimal may use what has no budget";
  EXPECT_THAT(request_on(left_over, {}).avoid, IsEmpty());
}

TEST(WhatIsLeft, AsksForNoDeviceThatIsRuledOut) {
  const auto request = request_on(left_over, {.strategy = MapStrategy::auto_,
                                              .max_memory = {{worker_number(0), 100}},
                                              .use = {worker_number(0), worker_number(1)}});
  EXPECT_THAT(request.use, IsEmpty());
  EXPECT_FALSE(request.avoid.empty());
}

TEST(WhatIsLeft, ForgetsPoolsThatAreGone) {
  auto machine = left_over;
  machine.pools = {{"ram", PoolKind::host, 10, 10}};
  EXPECT_THAT(request_on(machine, {.reserved = {{"ram", 1}, {"rpc host:den", 2}}}).reserved,
              ElementsAre(PoolBytes{"ram", 1}));
}

}  // namespace
}  // namespace berth
