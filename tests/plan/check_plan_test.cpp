#include <gmock/gmock.h>

#include "berth/plan.h"
#include "plan/small_model.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(CheckPlan, HoldsOnTheMachineItWasMadeFor) {
  const auto profile = test::small_model("llama", {}, 8);
  const auto machine = simulate("cpu:64MiB,rpc:64MiB,rpc:64MiB");
  const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 1024}});
  ASSERT_EQ(plan.outcome, PlanOutcome::fits);
  EXPECT_THAT(check(plan, machine), IsEmpty());
  EXPECT_THAT(check(Plan::from_dict(plan.to_dict()), machine), IsEmpty());
}

TEST(CheckPlan, SaysWhichDeviceIsMissingFullOrAnother) {
  const auto profile = test::small_model("llama", {}, 8);
  auto machine = simulate("cpu:64MiB,rpc:64MiB");
  machine.devices[1].uuid = "first";
  const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 1024}, .pins = {{"blk\\.7", Device::rpc(0)}}});
  EXPECT_THAT(check(plan, machine), IsEmpty());

  const auto smaller = simulate("cpu:64MiB");
  EXPECT_EQ(check(plan, smaller), (std::vector<Reason>{{"rpc:0", "the machine does not have it"}}));

  auto full = machine;
  full.devices[1].free_bytes = 1000;
  const auto problems = check(plan, full);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].part, "rpc:0");
  EXPECT_THAT(problems[0].text, HasSubstr("and 1.0 KiB are free"));

  auto other = machine;
  other.devices[1].uuid = "second";
  ASSERT_EQ(check(plan, other).size(), 1U);
  EXPECT_THAT(check(plan, other)[0].text, HasSubstr("another piece of hardware"));
}

TEST(CheckPlan, CountsASharedPoolOnce) {
  const auto profile = test::small_model("llama", {}, 8);
  auto machine = simulate("cpu:64MiB,vulkan:shared");
  const Plan plan{.outcome = PlanOutcome::fits,
                  .use = {{.device = Device::cpu(), .weights = 40 << 20},
                          {.device = machine.devices[1].device, .weights = 40 << 20}}};
  ASSERT_EQ(check(plan, machine).size(), 1U);
  EXPECT_THAT(check(plan, machine)[0].text, HasSubstr("with the other devices of pool"));
}

TEST(CheckPlan, NeedsNoRoomOnTheDiskThatTheFileIsOn) {
  const Plan plan{.outcome = PlanOutcome::fits, .use = {{.device = Device::disk(), .weights = 40ULL << 30U}}};
  EXPECT_THAT(check(plan, simulate("cpu:64MiB")), IsEmpty());
}

TEST(CheckPlan, SaysThatAPlanNeverFitted) {
  EXPECT_EQ(check({}, simulate("cpu:1GiB")), (std::vector<Reason>{{"plan", "it did not fit when it was made"}}));
}

}  // namespace
}  // namespace berth
