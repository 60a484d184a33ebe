/// Memory that lacks although the plan fits: one step down after the other, each told.
#include <gmock/gmock.h>

#include <cstdlib>

#include "berth/error.h"
#include "berth/load_planned.h"
#include "berth/simulated.h"
#include "engine/plan_here.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// Plans for one machine, and finds another one when it loads.
class LoadPlanned : public testing::Test {
 protected:
  void SetUp() override {
    BERTH_NEEDS_MODEL();
    setenv("BERTH_RUN_DIR", folder_.path().c_str(), 1);  // what other tests keep loaded takes nothing of these machines
  }
  void TearDown() override { unsetenv("BERTH_RUN_DIR"); }

  PlannedModel load(const std::string& planned_for, const std::string& found, const PlanRequest& request) {
    use_simulated(simulate(found));
    return load_planned(engine("llama.cpp"), read_model(test::model_path()), simulate(planned_for), request, {},
                        [this](std::string_view step) { told_.emplace_back(step); });
  }

  const test::TemporaryFolder folder_;
  std::vector<std::string> told_;
};

TEST_F(LoadPlanned, GivesNothingUpWherePlanHolds) {
  const auto loaded = load("cpu:8GiB,vulkan:1GiB", "cpu:8GiB,vulkan:1GiB", {.context = {.n_ctx = 512}});
  EXPECT_THAT(loaded.steps_down, IsEmpty());
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_EQ(loaded.plan.outcome, PlanOutcome::fits);
  EXPECT_EQ(loaded.model->context().n_ctx, 512);
}

TEST_F(LoadPlanned, GivesUpBatchCacheAndContextInThisOrder) {
  const auto loaded = load("cpu:8GiB,vulkan:1GiB", "cpu:8GiB,vulkan:130MiB",
                           {.context = {.n_ctx = 4096, .n_ubatch = 128}, .min_context = 1024});
  EXPECT_THAT(loaded.steps_down, ElementsAre("vulkan:0 lacks memory: n_ubatch 64 instead of 128",
                                             "vulkan:0 lacks memory: the cache in Q8_0 instead of F16",
                                             "vulkan:0 lacks memory: a context of 2048 tokens instead of 4096"));
  EXPECT_EQ(told_, loaded.steps_down);
  EXPECT_EQ(loaded.plan.context.n_ctx, 2048);
  EXPECT_EQ(loaded.model->context(), loaded.plan.context);
  const GenerationRequest request{.prompts = {"One, two, three,"}, .options = {.max_new_tokens = 2}};
  EXPECT_EQ(loaded.model->new_session()->generate(request).completions[0].generated_tokens, 2U);
}

TEST_F(LoadPlanned, MovesLayersAwayWhereTheWeightsLackRoom) {
  const auto loaded =
      load("cpu:8GiB,vulkan:1GiB", "cpu:8GiB,vulkan:80MiB", {.context = {.n_ctx = 512, .n_ubatch = 64}});
  EXPECT_THAT(loaded.steps_down, Contains(StartsWith("vulkan:0 lacks memory: at most ")));
  EXPECT_EQ(loaded.plan.context.n_ctx, 512) << "what is stated is kept";
  EXPECT_EQ(loaded.model->info().placement, loaded.plan.placement);
  EXPECT_EQ(loaded.plan.placement.layers.size(), 2U);
}

TEST_F(LoadPlanned, LooksAgainBeforeItMovesLayersAway) {
  const auto found = simulate("cpu:8GiB,vulkan:80MiB");
  use_simulated(found);
  int looks = 0;
  const auto look = [&] { return looks++ == 0 ? simulate("cpu:8GiB,vulkan:1GiB") : found; };
  const auto profile = read_model(test::model_path());
  const PlanRequest request{.context = {.n_ctx = 512, .n_ubatch = 64}};
  const auto loaded = load_accepted(engine("llama.cpp"), profile, request, accept_plan(profile, request, look), {}, {});
  EXPECT_EQ(looks, 2);
  EXPECT_THAT(loaded.steps_down, ElementsAre(StartsWith("vulkan:0 lacks memory: at most ")));
  EXPECT_EQ(loaded.model->info().placement, loaded.plan.placement);
}

TEST_F(LoadPlanned, EndsWhereNothingIsLeft) {
  const auto refused = [&] { load("cpu:34MiB,vulkan:1GiB", "cpu:34MiB,vulkan:50MiB", {.context = {.n_ctx = 512}}); };
  EXPECT_THAT(test::refusal<ModelDoesNotFit>(refused), HasSubstr("vulkan:0 has less free than when the machine was"));
}

}  // namespace
}  // namespace berth
