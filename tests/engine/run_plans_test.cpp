#include "berth/run_plans.h"

#include <gmock/gmock.h>

#include "berth/simulated.h"
#include "test_model.h"

namespace berth {
namespace {

class RunPlans : public testing::Test {
 protected:
  void SetUp() override {
    BERTH_NEEDS_MODEL();
    use_simulated(machine_);
    profile_ = read_model(test::model_path());
    plan_ = make_plan(profile_, machine_, request_);
  }

  static constexpr auto briefly = std::chrono::milliseconds(50);
  const Inventory machine_ = simulate("cpu:8GiB,vulkan:1GiB");
  const PlanRequest request_ = {.context = {.n_ctx = 256, .n_ubatch = 64}};
  ModelProfile profile_;
  Plan plan_;
};

TEST_F(RunPlans, SayWhatWasSeenInsteadOfWhatWasPredicted) {
  auto plans = alternatives(plan_, profile_, machine_, request_);
  ASSERT_FALSE(plans.empty());
  plans.resize(1);
  plans.insert(plans.begin(), {"the plan", plan_});
  const auto runs = run_plans(engine("llama.cpp"), profile_, plans, {}, briefly);
  ASSERT_EQ(runs.size(), 2U);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& [what, plan, problem] = runs[i];
    SCOPED_TRACE(what);
    EXPECT_EQ(problem, "");
    EXPECT_TRUE(plan.predicted->ran);
    EXPECT_GT(plan.predicted->decode_tokens_per_s, 0);
    EXPECT_GT(plan.predicted->prompt_tokens_per_s, 0);
    EXPECT_NE(plan.predicted->decode_tokens_per_s, plans[i].plan.predicted->decode_tokens_per_s);
    EXPECT_EQ(plan.placement, plans[i].plan.placement);
    EXPECT_EQ(plan.reasons.back().part, "speed");
    EXPECT_THAT(plan.reasons.back().text, testing::HasSubstr("were predicted, and "));
    EXPECT_EQ(Plan::from_dict(Value::from_json(plan.to_dict().to_json())), plan);
  }
}

TEST_F(RunPlans, APlanThatCannotRunIsAProblemAndTheOthersRun) {
  auto too_large = plan_;
  too_large.outcome = PlanOutcome::does_not_fit;
  const auto runs =
      run_plans(engine("llama.cpp"), profile_, {{"too large", too_large}, {"the plan", plan_}}, {}, briefly);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_NE(runs[0].problem, "");
  EXPECT_EQ(runs[1].problem, "");
}

TEST_F(RunPlans, EndWhenAskedToStop) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(run_plans(engine("llama.cpp"), profile_, {{"the plan", plan_}}, {.stop = stop.get_token()}).empty());
}

}  // namespace
}  // namespace berth
