/// No other objective and no strategy of accelerate makes a plan that is predicted to be quicker than the quickest.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "berth/plan.h"
#include "plan/invented_models.h"
#include "random_values.h"

namespace berth {
namespace {

constexpr double no_quicker = 1.001;

/// Of the objectives and strategies that there are.
std::vector<PlanRequest> all_requests() {
  std::vector<PlanRequest> requests;
  for (const auto objective : {Objective::fastest, Objective::prompt, Objective::mixed, Objective::fewest_devices})
    requests.push_back({.objective = objective});
  for (const auto strategy : {MapStrategy::sequential, MapStrategy::balanced})
    requests.push_back({.strategy = strategy});
  return requests;
}

/// Whether there is a plan.
bool expect_none_is_quicker(const ModelProfile& profile, const Inventory& machine) {
  const auto fastest = make_plan(profile, machine, {.objective = Objective::fastest});
  const auto prompt = make_plan(profile, machine, {.objective = Objective::prompt});
  EXPECT_EQ(fastest.outcome, prompt.outcome);
  if (!fastest.predicted || !prompt.predicted) return false;
  for (const auto& request : all_requests()) {
    const auto plan = make_plan(profile, machine, request);
    if (plan.outcome != PlanOutcome::fits) continue;
    SCOPED_TRACE(std::to_string(static_cast<int>(request.objective)) + ", " + std::string(to_string(request.strategy)));
    EXPECT_LE(plan.predicted->decode_tokens_per_s, fastest.predicted->decode_tokens_per_s * no_quicker);
    EXPECT_LE(plan.predicted->prompt_tokens_per_s, prompt.predicted->prompt_tokens_per_s * no_quicker);
  }
  return true;
}

TEST(QuickestPlan, IsFoundOnTightMachinesWhereOtherRequestsFoundIt) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"granitehybrid", "cpu:192MiB,vulkan:152MiB@800GB/s,vulkan:207MiB@800GB/s,rpc:191MiB@20GB/s"},
      {"granitehybrid", "cpu:171MiB,vulkan:142MiB@100GB/s,rpc:145MiB@100GB/s"},
      {"granitehybrid", "cpu:221MiB,rpc:148MiB@20GB/s,rpc:135MiB@100GB/s"},
      {"exaone4", "cpu:120MiB,cuda:677MiB@20GB/s,vulkan:64MiB@400GB/s"},
      {"lfm2moe", "cpu:136MiB,rpc:188MiB@20GB/s,cuda:698MiB@800GB/s,cuda:653MiB@400GB/s"},
      {"falcon-h1", "cpu:155MiB,cuda:724MiB@20GB/s,cuda:725MiB@400GB/s"},
  };
  for (const auto& [model, machine] : cases) {
    SCOPED_TRACE(model + " on " + machine);
    EXPECT_TRUE(expect_none_is_quicker(test::invented_model(model), simulate(machine)));
  }
}

TEST(QuickestPlan, IsThatOfItsObjectiveOnRandomMachines) {
  test::Random random(21);
  const std::vector<std::string> names = {"qwen3moe", "falcon-h1", "granitehybrid", "cohere2", "exaone4", "lfm2moe"};
  int fitting = 0;
  for (int round = 0; round < 40; ++round) {
    const auto& name = names[static_cast<std::size_t>(random.below(static_cast<int>(names.size())))];
    const auto profile = test::invented_model(name);
    const int weights = static_cast<int>(profile.tensor_bytes >> 20);
    std::string text = "cpu:" + std::to_string(weights * (40 + random.below(110)) / 100 + 40) + "MiB";
    for (int i = 2 + random.below(2); i > 0; --i) {
      const std::string kind = random.coin() ? "vulkan" : random.coin() ? "rpc" : "xpu";
      text += "," + kind + ":" + std::to_string(weights * (20 + random.below(80)) / 100 + 10 + random.below(140)) +
              "MiB@" + std::to_string(20 << random.below(6)) + "GB/s";
    }
    SCOPED_TRACE(name + " on " + text);
    if (expect_none_is_quicker(profile, simulate(text))) ++fitting;
  }
  EXPECT_GT(fitting, 30);
}

}  // namespace
}  // namespace berth
