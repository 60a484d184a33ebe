/// The simulated devices as a module in a program that brings its own llama.cpp.
#include <gmock/gmock.h>

#include "berth/engine.h"
#include "cli/process.h"
#include "test_model.h"

#ifdef BERTH_TEST_PLAIN_LLAMA
namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Outcome plain_llama(const std::vector<std::string>& arguments, const std::string& devices) {
  return berth_command(arguments, {.environment = {{"GGML_BACKEND_PATH", BERTH_TEST_SIMULATED_MODULE},
                                                   {"BERTH_SIMULATE", devices}},
                                   .program = BERTH_TEST_PLAIN_LLAMA});
}

TEST(SimulatedModule, GivesAProgramItsDevices) {
  const auto listed = plain_llama({}, "cuda:2x1GiB-256MiB,rpc:64MiB;name=far away");
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_THAT(listed.out, AllOf(HasSubstr("CUDA0: simulated cuda:0, 805306368 of 1073741824 free"),
                                HasSubstr("CUDA1: simulated cuda:1"),
                                HasSubstr("RPC0: simulated far away, 67108864 of 67108864 free"), HasSubstr("CPU: ")));
}

TEST(SimulatedModule, SaysWhatIsWrongWithTheTextAndLeavesTheProgramAlone) {
  const auto wrong = plain_llama({}, "cuda:1GiB,cuda:much");
  EXPECT_EQ(wrong.exit_code, 0);
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("berth's simulated devices: column 16: expected a size")));
  EXPECT_THAT(wrong.out, AllOf(HasSubstr("CPU: "), Not(HasSubstr("CUDA0"))));
  EXPECT_THAT(plain_llama({}, "").err, HasSubstr("BERTH_SIMULATE does not say which devices there are"));
}

TEST(SimulatedModule, ComputesWhatTheCpuComputes) {
  BERTH_NEEDS_MODEL();
  const auto there = plain_llama({model_path().string(), "CUDA1", "One, two, three,"}, "cuda:2x1GiB");
  EXPECT_EQ(there.exit_code, 0) << there.err;
  const GenerationRequest request{.prompts = {"One, two, three,"}, .options = {.max_new_tokens = 8}};
  const auto here = engine("llama.cpp").load({.model = model_path()})->new_session()->generate(request);
  EXPECT_EQ(there.out, here.completions[0].text);
}

TEST(SimulatedModule, HasNoMoreMemoryThanItSays) {
  BERTH_NEEDS_MODEL();
  const auto outcome = plain_llama({model_path().string(), "CUDA0", "One"}, "cuda:60MiB");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("out of memory (60.00 MiB of 60.00 MiB are free)"));
}

}  // namespace
}  // namespace berth::test
#endif
