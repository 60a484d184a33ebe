/// What a plan is best at: prompts, both, or just enough.
#include <gmock/gmock.h>

#include "berth/plan.h"
#include "plan/small_model.h"
#include "refusal.h"

namespace berth {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;

/// Two workers: one with quick memory, one that multiplies quickly.
Inventory two_kinds(std::uint64_t each = std::uint64_t{1} << 30) {
  auto machine = simulate("cpu:1GiB,rpc:2x1GiB");
  const auto set = [&](std::size_t device, double bytes_per_s, double flops) {
    machine.devices[device].speed = DeviceSpeed{.memory_bytes_per_s = bytes_per_s, .flops = flops};
    machine.devices[device].speed->operation_s = 1e-8;
  };
  set(0, 1e9, 1e10);
  set(1, 900e9, 1e10);
  set(2, 100e9, 20e12);
  for (auto& device : machine.devices)
    if (device.device.type() == DeviceType::rpc) device.free_bytes = each;
  return machine;
}

Plan plan_for(const PlanRequest& request, const Inventory& machine) {
  return make_plan(test::small_model("llama", {}, 60), machine, request);
}

TEST(PlanObjectives, PutAModelWhereThatIsQuickest) {
  const auto machine = two_kinds();
  const PlanRequest fastest{.context = {.n_ctx = 512}};
  auto prompt = fastest;
  prompt.objective = Objective::prompt;
  auto mixed = fastest;
  mixed.objective = Objective::mixed;
  const auto decoding = plan_for(fastest, machine);
  const auto prompting = plan_for(prompt, machine);
  EXPECT_EQ(decoding.placement.output, Device::rpc(0));
  EXPECT_EQ(prompting.placement.output, Device::rpc(1));
  EXPECT_GT(prompting.predicted->prompt_tokens_per_s, decoding.predicted->prompt_tokens_per_s);
  EXPECT_GT(decoding.predicted->decode_tokens_per_s, prompting.predicted->decode_tokens_per_s);
  EXPECT_TRUE(prompting.predicted->prompt_measured);
  mixed.prompt_per_token = 0;
  EXPECT_EQ(plan_for(mixed, machine).placement, decoding.placement);
  mixed.prompt_per_token = 1000;
  EXPECT_EQ(plan_for(mixed, machine).placement, prompting.placement);
}

TEST(PlanObjectives, ReachASpeedWithLittleMemoryOfTheDevices) {
  const auto machine = two_kinds();
  const auto model = test::small_model("llama", {}, 40);
  PlanRequest request{.context = {.n_ctx = 512}};
  const auto fastest = make_plan(model, machine, request);
  request.objective = Objective::reach;
  request.reach_tokens_per_s = fastest.predicted->decode_tokens_per_s / 10;
  const auto plan = make_plan(model, machine, request);
  ASSERT_EQ(plan.outcome, PlanOutcome::fits);
  EXPECT_GE(plan.predicted->full_context_tokens_per_s, request.reach_tokens_per_s);
  const auto on_devices = [](const Plan& each) {
    std::uint64_t bytes = 0;
    for (const auto& use : each.use)
      if (use.device != Device::cpu()) bytes += use.total();
    return bytes;
  };
  EXPECT_LT(on_devices(plan), on_devices(fastest));
  EXPECT_TRUE(check(plan, machine).empty());
  EXPECT_THAT(plan.reasons, Contains(Field(&Reason::text, HasSubstr("reach the"))));
}

TEST(PlanObjectives, ReadTheCacheOfAFullContextForEachToken) {
  const auto model = test::small_model("llama", {}, 40);
  const auto machine = simulate("cpu:8GiB@50GB/s");
  const auto seconds = [&](const ContextSpec& context) {
    const auto plan = make_plan(model, machine, {.context = context});
    return std::pair(1 / plan.predicted->decode_tokens_per_s, 1 / plan.predicted->full_context_tokens_per_s);
  };
  const auto [empty, full] = seconds({.n_ctx = 4096});
  const auto cache = make_plan(model, machine, {.context = {.n_ctx = 4096}}).use.front().cache;
  EXPECT_NEAR(full - empty, static_cast<double>(cache) / 50e9, 1e-9);
  // Each of four sequences reads its own quarter.
  EXPECT_NEAR(seconds({.n_ctx = 16384, .n_seq = 4}).second, full, 1e-9);
}

TEST(PlanObjectives, SayHowNearASpeedComesAndWhatWouldReachIt) {
  const auto model = test::small_model("llama", {}, 40);
  PlanRequest request{.context = {.n_ctx = 512}, .objective = Objective::reach, .reach_tokens_per_s = 1000};
  const auto small = make_plan(model, two_kinds(24 << 20), request);
  ASSERT_EQ(small.outcome, PlanOutcome::fits);
  EXPECT_LT(small.predicted->decode_tokens_per_s, 1000);
  EXPECT_THAT(small.reasons, Contains(Field(&Reason::text, HasSubstr("more on rpc:0, which would hold all of it"))));
  request.reach_tokens_per_s = 1e9;
  EXPECT_THAT(make_plan(model, two_kinds(), request).reasons,
              Contains(Field(&Reason::text, HasSubstr("times as quick would do"))));
  request.reach_tokens_per_s = 0;
  EXPECT_THAT(test::refusal([&] { make_plan(model, two_kinds(), request); }), HasSubstr("how many tokens a second"));
}

TEST(PlanObjectives, ShortenTheContextToReachASpeed) {
  const auto model = test::small_model("llama", {}, 40);
  const auto machine = two_kinds(64 << 20);
  PlanRequest request{.context = {.n_ctx = 16384}};
  const auto whole = make_plan(model, machine, request);
  request.min_context = 256;
  request.objective = Objective::reach;
  request.reach_tokens_per_s = whole.predicted->decode_tokens_per_s * 2;
  const auto plan = make_plan(model, machine, request);
  ASSERT_EQ(plan.outcome, PlanOutcome::fits);
  EXPECT_GE(plan.predicted->full_context_tokens_per_s, request.reach_tokens_per_s);
  EXPECT_LT(plan.context.n_ctx, 16384);
  EXPECT_GT(plan.context.n_ctx, 256);
}

}  // namespace
}  // namespace berth
