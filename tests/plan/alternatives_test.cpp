#include <gmock/gmock.h>

#include "berth/plan.h"
#include "berth/simulated.h"
#include "plan/invented_models.h"
#include "plan/small_model.h"

namespace berth {
namespace {

using testing::Contains;
using testing::Field;

PlanRequest with_context(int n_ctx) { return {.context = {.n_ctx = n_ctx}}; }

TEST(Alternatives, AreEachDeviceAloneAndTheStrategiesOfAccelerate) {
  const auto profile = test::invented_model("qwen3");
  const auto machine = simulate("cpu:8GiB,cuda:2x2GiB");
  const auto plan = make_plan(profile, machine, with_context(2048));
  const auto others = alternatives(plan, profile, machine, with_context(2048));
  EXPECT_THAT(others, Contains(Field(&Alternative::what, "cpu alone")));
  EXPECT_THAT(others, Contains(Field(&Alternative::what, "balanced")));
  double before = 1e30;
  for (const auto& [what, other] : others) {
    SCOPED_TRACE(what);
    EXPECT_NE(other.placement, plan.placement);
    EXPECT_EQ(other.context, plan.context);
    EXPECT_LE(other.predicted->decode_tokens_per_s, plan.predicted->decode_tokens_per_s);
    EXPECT_LE(other.predicted->decode_tokens_per_s, before);
    before = other.predicted->decode_tokens_per_s;
  }
}

TEST(Alternatives, ThatDoNotFitSayWhatLacks) {
  const auto profile = test::invented_model("qwen3");
  const auto machine = simulate("cpu:1MiB,cuda:2GiB");
  const auto plan = make_plan(profile, machine, with_context(2048));
  for (const auto& [what, other] : alternatives(plan, profile, machine, with_context(2048)))
    if (what == "cpu alone") {
      EXPECT_EQ(other.outcome, PlanOutcome::does_not_fit);
      EXPECT_FALSE(other.missing.empty());
    }
}

TEST(Alternatives, LeaveOutDevicesAloneWherePartsAreAskedForElsewhere) {
  const auto profile = test::small_model("llama", {}, 8);
  const auto machine = simulate("cpu:1GiB,cuda:2x1GiB");
  PlanRequest request{.context = {.n_ctx = 1024}, .pins = {{"blk\\.0\\.", Device::gpu(1)}}};
  const auto plan = make_plan(profile, machine, request);
  for (const auto& other : alternatives(plan, profile, machine, request)) EXPECT_NE(other.what, "cuda:0 alone");
  request.pins.clear();
  request.companions = {{CompanionKind::draft, test::small_model("llama"), Device::gpu(1)}};
  for (const auto& other : alternatives(plan, profile, machine, request)) EXPECT_NE(other.what, "cuda:0 alone");
}

}  // namespace
}  // namespace berth
