/// berth run over several devices.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/process.h"
#include "engine/run_folder.h"
#include "test_model.h"

namespace berth::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string machine = "cpu:70MiB,vulkan:2x60MiB";

class RunPlaced : public testing::Test {
 protected:
  void SetUp() override { BERTH_NEEDS_MODEL(); }

  Outcome run(std::vector<std::string> more) const {
    more.insert(more.begin(), {"run", model_path().string(), "-p", "Hi!", "--max-new-tokens", "2"});
    ProcessOptions options;
    options.environment["BERTH_RUN_DIR"] = run_folder_.path().string();
    return berth_command(std::move(more), std::move(options));
  }

  /// The path of a plan for `machine`, after `edit`.
  template <class Edit>
  std::string plan_file(Edit edit, const char* sequences = "1") const {
    const auto path = (folder_.path() / "plan.json").string();
    const auto outcome = berth_command({"plan", model_path().string(), "--context", "512", "--parallel", sequences,
                                        "--simulate", machine, "--json", "-o", path});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    std::ifstream file(path);
    auto plan = json::parse(file);
    edit(plan);
    std::ofstream(path) << plan.dump();
    return path;
  }

  TemporaryFolder folder_;
  TemporaryFolder run_folder_;
};

TEST_F(RunPlaced, CarriesOutAPlanAndShowsWhereThingsAre) {
  const auto path = plan_file([](json&) {});
  const auto outcome = run({"--simulate", machine, "--plan", path, "--show-placement", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto document = json::parse(outcome.out);
  std::ifstream file(path);
  const auto plan = json::parse(file);
  EXPECT_EQ(document["placement"]["layers"], plan["placement"]["layers"]);
  EXPECT_EQ(document["placement"]["output"], plan["placement"]["output"]);
  EXPECT_EQ(document["placement"]["notes"], json::array());
  EXPECT_TRUE(document["meta"]["simulated"].get<bool>());
  EXPECT_THAT(document["meta"]["device"].get<std::string>(), AllOf(HasSubstr("cpu"), HasSubstr("vulkan:1")));
}

TEST_F(RunPlaced, SaysThatCompanionsOfAPlanAreNotLoaded) {
  const auto path = plan_file([](json& plan) { plan["companions"] = {{{"kind", "draft"}, {"path", "small.gguf"}}}; });
  const auto outcome = run({"--simulate", machine, "--plan", path});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("the plan counts 'small.gguf' too, which is not loaded"));
}

TEST_F(RunPlaced, SaysThatAPlanIsForMoreSequences) {
  const auto path = plan_file([](json&) {}, "3");
  const auto outcome = run({"--simulate", machine, "--plan", path});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("the plan is for 3 sequences at the same time; this run has 1"));
  EXPECT_THAT(run({"--simulate", machine, "--plan", plan_file([](json&) {})}).err, Not(HasSubstr("sequences")));
}

TEST_F(RunPlaced, PlansByAStrategyWithinItsBudgets) {
  const auto outcome = run({"--simulate", "cpu:1GiB,vulkan:2x1GiB", "--context", "512", "--device-map", "optimal",
                            "--max-memory", "vulkan:0=30MiB", "--max-memory", "vulkan:1=0", "--show-placement"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("DEVICE"), HasSubstr("input on cpu"), Not(HasSubstr("vulkan:1"))));
}

TEST_F(RunPlaced, MarksWhatIsSimulatedWhereverADeviceIsTold) {
  const auto outcome = run({"--simulate", "cpu:1GiB,vulkan:1GiB", "--context", "512", "-v", "--show-placement",
                            "--device-map", R"({"": "vulkan:0", "model.layers.0": "cpu"})"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(" on cpu, simulated vulkan:0, loaded"),
                                 testing::ContainsRegex("berth: vulkan:0 .*  simulated\n"),
                                 Not(testing::ContainsRegex("berth: cpu [^\n]*simulated"))));
}

TEST_F(RunPlaced, PlansWhereNobodyNamesADeviceAndOneIsTooSmall) {
  const auto device_of = [&](std::vector<std::string> more, const std::string& gpu = "cuda:760MiB") {
    more.insert(more.end(), {"--simulate", "cpu:8GiB," + gpu, "--json"});
    const auto outcome = run(more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.exit_code == 0 ? json::parse(outcome.out)["meta"]["device"].get<std::string>() : "";
  };
  EXPECT_EQ(device_of({}), "cpu, cuda:0");
  EXPECT_EQ(device_of({"--device", "auto"}), "cpu, cuda:0");
  EXPECT_EQ(device_of({"--device", "cuda:0"}), "cuda:0") << "what is named is what is meant";
  EXPECT_EQ(device_of({}, "cuda:880MiB"), "cuda:0");
  EXPECT_EQ(device_of({"--context", "8192"}, "cuda:880MiB"), "cpu, cuda:0");
}

TEST_F(RunPlaced, TakesTheDiskByItsIndexToo) {
  const auto outcome = run({"--simulate", "cpu:1GiB,vulkan:1GiB", "--context", "512", "--show-placement",
                            "--device-map", R"({"model.layers.28": "disk:0", "": "vulkan:0"})"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("layer 28 on disk"), Not(HasSubstr("not as asked for"))));
}

TEST_F(RunPlaced, LetsOthersPlanWhileItLoadsByAPlan) {
  const std::string slow = "cpu:8GiB,vulkan:1GiB,link:20MB/s";
  const auto path = (folder_.path() / "plan.json").string();
  ASSERT_EQ(berth_command({"plan", model_path().string(), "--context", "512", "--simulate", slow, "--json", "-o", path})
                .exit_code,
            0);
  Process loading(
      {"run", model_path().string(), "-p", "Hi!", "--max-new-tokens", "2", "--simulate", slow, "--plan", path},
      ProcessOptions{.environment = {{"BERTH_RUN_DIR", run_folder_.path().string()}}});
  const auto is_kept = [&] {
    return std::ranges::any_of(std::filesystem::directory_iterator(run_folder_.path()),
                               [](const auto& each) { return each.path().extension() == ".json"; });
  };
  for (int i = 0; i < 2000 && !is_kept(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_TRUE(is_kept());
  EXPECT_TRUE(lock_file(run_folder_.path() / "planning", std::chrono::milliseconds(500)));
  EXPECT_TRUE(is_kept()) << "it loads still";
  loading.send(SIGTERM);
  loading.wait();
}

TEST_F(RunPlaced, SaysWhatLacksAndWhatWouldHelpAndExitsWith3) {
  const auto outcome = run({"--simulate", "cpu:50MiB,vulkan:40MiB", "--context", "512", "--device-map", "optimal"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("the model does not fit"), HasSubstr("would do")));
  EXPECT_EQ(outcome.out, "");
}

TEST_F(RunPlaced, RefusesAPlanThatWasEdited) {
  const auto refused = [&](auto edit) {
    const auto outcome = run({"--simulate", machine, "--plan", plan_file(edit)});
    EXPECT_EQ(outcome.exit_code, 1);
    return outcome.err;
  };
  EXPECT_THAT(refused([](json& plan) { plan["use"][0]["weights"] = 1; }), HasSubstr("is not one of"));
  EXPECT_THAT(refused([](json& plan) {
                plan["exact"] = true;
                plan["use"][0]["weights"] = 1;
              }),
              HasSubstr("it says 1 bytes"));
  EXPECT_THAT(refused([](json& plan) { plan["placement"]["layers"].erase(0); }), HasSubstr("layer 0 was to come"));
  EXPECT_THAT(refused([](json& plan) { plan["placement"]["tensors"]["blk.77.x"] = "cpu"; }), HasSubstr("blk.77.x"));
  EXPECT_THAT(refused([](json& plan) { plan["context"]["n_ctx"] = 8192; }), HasSubstr("Make a new one: berth plan"));
  EXPECT_THAT(refused([](json& plan) { plan = json::array(); }), HasSubstr("is no plan"));
}

TEST_F(RunPlaced, LoadsTheModelAloneOfAPlanWithADraft) {
  const auto path = (folder_.path() / "plan.json").string();
  ASSERT_EQ(berth_command({"plan", model_path().string(), "--context", "512", "--simulate", "cpu:8GiB", "--draft",
                           model_path().string(), "--json", "-o", path})
                .exit_code,
            0);
  const auto outcome = run({"--simulate", "cpu:8GiB", "--plan", path});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("too, which is not loaded"));
}

TEST_F(RunPlaced, RefusesAPlanOfAnotherMachine) {
  const auto path = plan_file([](json&) {});
  const auto smaller = run({"--simulate", "cpu:70MiB,vulkan:60MiB", "--plan", path});
  EXPECT_EQ(smaller.exit_code, 1);
  EXPECT_THAT(smaller.err, AllOf(HasSubstr("vulkan:1"), HasSubstr("the machine does not have it")));
  const auto fuller = run({"--simulate", "cpu:70MiB,vulkan:2x60MiB-40MiB", "--plan", path});
  EXPECT_EQ(fuller.exit_code, 1);
  EXPECT_THAT(fuller.err, AllOf(HasSubstr("the plan needs"), HasSubstr("are free")));
}

TEST_F(RunPlaced, RefusesAMapThatMakesNoSense) {
  const auto refused = [&](const std::string& map) {
    const auto outcome = run({"--simulate", machine, "--context", "512", "--device-map", map});
    EXPECT_NE(outcome.exit_code, 0) << map;
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  EXPECT_THAT(refused(R"({"": "cpu", "model.layer.3": "vulkan:0"})"), HasSubstr("did you mean 'model.layers.3'?"));
  EXPECT_THAT(refused(R"({"": "vulkan:7"})"),
              AllOf(HasSubstr("This machine has no device 'vulkan:7'"), HasSubstr("it has vulkan:0")));
  EXPECT_THAT(refused(R"({"": "gpu"})"), HasSubstr("Unknown device type string 'gpu'"));
  EXPECT_THAT(refused(R"({"lm_head": "cpu"})"), HasSubstr("no entry for"));
  EXPECT_THAT(refused("{nonsense"), HasSubstr("JSON"));
  EXPECT_THAT(refused("no-such-file.json"), HasSubstr("no-such-file.json"));
}

TEST_F(RunPlaced, RefusesOptionsThatContradict) {
  const auto refused = [&](std::vector<std::string> options) {
    const auto outcome = run(std::move(options));
    EXPECT_EQ(outcome.exit_code, 2);
    return outcome.err;
  };
  EXPECT_THAT(refused({"--device", "cpu", "--device-map", "auto"}), HasSubstr("--device contradicts"));
  EXPECT_THAT(refused({"--plan", "x.json", "--device-map", "auto"}), HasSubstr("contradict each other"));
  EXPECT_THAT(refused({"--max-memory", "cpu=1GiB"}), HasSubstr("--device-map"));
  EXPECT_THAT(refused({"--plan", plan_file([](json&) {}), "--max-memory", "cpu=1GiB"}),
              HasSubstr("--max-memory contradicts --plan"));
  EXPECT_THAT(refused({"--device-map", "auto", "--max-memory", "cpu"}), HasSubstr("DEVICE=SIZE"));
}

TEST(PsCommand, SaysThatNothingRunsAsTextAndAsJson) {
  const TemporaryFolder folder;
  ProcessOptions options;
  options.environment["BERTH_RUN_DIR"] = folder.path().string();
  EXPECT_EQ(berth_command({"ps"}, options).out, "No model of this user runs.\n");
  EXPECT_EQ(berth_command({"ps", "--json"}, options).out, "[]\n");
}

}  // namespace
}  // namespace berth::test
