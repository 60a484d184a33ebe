#include "berth/plan.h"

#include <gmock/gmock.h>
#include <sched.h>

#include <fstream>
#include <memory>
#include <sstream>

#include "berth/engine.h"
#include "berth/memory.h"
#include "berth/model.h"
#include "cli/process.h"
#include "engine/run_folder.h"
#include "json_file.h"
#include "model/safetensors_writer.h"
#include "plan/invented_models.h"
#include "schema.h"
#include "test_model.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr int does_not_fit_code = 3;

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, line.size());
  return widest;
}

class PlanCommand : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    write_invented_model("qwen3", file("dense.gguf"));
    write_invented_model("qwen3moe", file("experts.gguf"));
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static std::string file(const std::string& name) { return (folder_->path() / name).string(); }

  static Outcome plan(std::vector<std::string> arguments, const std::string& machine = "cpu:2GiB,cuda:1GiB",
                      const std::string& model = "dense.gguf") {
    arguments.insert(arguments.begin(), {"plan", file(model), "--simulate", machine});
    return berth_command(arguments);
  }

  static Plan plan_from(const Outcome& outcome) { return Plan::from_dict(Value::from_json(outcome.out)); }

  static std::unique_ptr<TemporaryFolder> folder_;
};
std::unique_ptr<TemporaryFolder> PlanCommand::folder_;

TEST_F(PlanCommand, LeavesWhatIsKeptForModelsThatRunHere) {
  const TemporaryFolder run_folder;
  const ProcessOptions options{.environment = {{"BERTH_RUN_DIR", run_folder.path().string()}}};
  const std::vector<std::string> here = {"plan", file("dense.gguf"), "--context", "256", "--no-drivers"};
  EXPECT_EQ(berth_command(here, options).exit_code, 0);
  constexpr auto all_there_is = R"({"pid": 1, "path": "/m.gguf", "held": [], "since": 0,)"
                                R"( "kept": [{"device": "cpu", "pool": "ram", "weights": 1000000000000000,)"
                                R"( "cache": 0, "compute": 0, "overhead": 0}]})";
  const auto lock = lock_file(run_folder.path() / "1-0.lock");
  ASSERT_TRUE(lock);
  std::ofstream(run_folder.path() / "1-0.json") << all_there_is;
  EXPECT_EQ(berth_command(here, options).exit_code, does_not_fit_code);
  EXPECT_EQ(plan({"--context", "256"}).exit_code, 0) << "a simulated machine is each process's own";
}

TEST_F(PlanCommand, ShowsDevicesLayersAndReasonsWithinEightyColumns) {
  const auto outcome = plan({"--context", "2048", "--pin", R"(blk\.0\.=cpu)"}, "cpu:2GiB,cuda:1GiB");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, AllOf(StartsWith("Model "), HasSubstr("\nOutcome  it fits\n"), HasSubstr("\nDEVICE  "),
                                 HasSubstr("\nLayers\n"), HasSubstr("2048 tokens, 1 sequence, cache in F16"),
                                 HasSubstr("tokens/s predicted"), HasSubstr("not measured"), HasSubstr("# weights")));
  EXPECT_LE(widest_line(outcome.out), 80U);
  // One bar for each device, of the same width.
  std::size_t bars = 0;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("  [")) {
      ++bars;
      EXPECT_EQ(line.size(), 80U) << line;
    }
  EXPECT_EQ(bars, 2U);
}

TEST_F(PlanCommand, JsonIsAPlanThatLoadsAndHoldsTheBytesOfMemoryOf) {
  const auto outcome = plan({"--context", "4096", "--parallel", "2", "--cache-type", "Q8_0", "--json"});
  EXPECT_EQ(outcome.exit_code, 0);
  const auto made = plan_from(outcome);
  const auto machine = simulate("cpu:2GiB,cuda:1GiB");
  const auto profile = read_model(file("dense.gguf"));
  EXPECT_EQ(made.use, memory_of(profile, made.placement, made.context, generation_options(made.context), &machine));
  EXPECT_EQ(made.context.n_seq, 2);
  EXPECT_EQ(made.context.type_v, "Q8_0");
  EXPECT_EQ(plan({"--context", "4096", "--parallel", "2", "--cache-type", "Q8_0", "--format", "json"}).out,
            outcome.out);
}

TEST_F(PlanCommand, KeepsWhatTheUserDecides) {
  const auto limited = plan_from(plan({"--context", "1024", "--max-memory", "cuda:0=700MiB", "--json"}));
  for (const auto& use : limited.use) EXPECT_TRUE(use.device != Device::gpu() || use.total() <= 700U << 20);
  EXPECT_EQ(plan_from(plan({"--context", "1024", "--avoid", "cuda:0", "--json"})).placement.output, Device::cpu());
  const auto used = plan_from(plan({"--context", "1024", "--use", "cuda:1", "--json"}, "cpu:2GiB,cuda:2x2GiB"));
  EXPECT_EQ(used.placement.output, Device::gpu(1));
  const auto pinned = plan_from(plan({"--context", "1024", "--pin", "blk\\.0\\..*=cpu", "--json"}));
  EXPECT_THAT(explain(pinned, "blk.0.attn_q.weight"), HasSubstr("lies on cpu")) << "apart from its layer, or with it";
  EXPECT_EQ(plan_from(plan({"--context", "1024", "--leave", "900MiB", "--json"})).placement.output, Device::cpu());
  const auto few =
      plan_from(plan({"--context", "1024", "--objective", "fewest_devices", "--json"}, "cpu:2GiB,cuda:2x2GiB"));
  EXPECT_EQ(few.placement.layers.size(), 1U);
}

TEST_F(PlanCommand, FollowsTheStrategiesOfAccelerate) {
  const std::string machine = "cpu:2GiB,cuda:2x2GiB";
  const auto all = plan_from(plan({"--context", "1024", "--strategy", "sequential", "--json"}, machine));
  EXPECT_EQ(all.placement.layers.size(), 1U);
  const auto even = plan({"--context", "1024", "--strategy", "balanced"}, machine);
  EXPECT_EQ(even.exit_code, 0) << even.err;
  EXPECT_THAT(even.out, AllOf(HasSubstr("on cuda:0: its part by balanced"), HasSubstr("on cuda:1: its part")));
}

TEST_F(PlanCommand, MakesDeviceMapsOfModelsInSafetensors) {
  SafetensorsWriter writer;
  writer.tensor("model.embed_tokens.weight", "F16", {1000, 64}, 128000);
  for (const std::string layer : {"0", "1", "2", "3"})
    writer.tensor("model.layers." + layer + ".mlp.up_proj.weight", "F16", {128, 64}, 16384);
  writer.write(file("model.safetensors"));
  GgufWriter::write_file(file("config.json"), R"({"model_type": "llama", "architectures": ["LlamaForCausalLM"],
    "num_hidden_layers": 4, "hidden_size": 64, "num_attention_heads": 4, "vocab_size": 1000,
    "max_position_embeddings": 512})");
  const auto made = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"plan", file("model.safetensors"), "--simulate", "cpu:1GiB,cuda:2x1GiB"});
    return berth_command(arguments);
  };
  const auto map = made({"--strategy", "balanced", "--format", "hf"});
  EXPECT_EQ(map.exit_code, 0) << map.err;
  EXPECT_NE(Value::from_json(map.out).find("model.layers"), nullptr) << map.out;
  const auto table = made({"--strategy", "balanced"});
  EXPECT_THAT(table.out, AllOf(HasSubstr("Strategy  balanced"), HasSubstr("model.embed_tokens")));
  EXPECT_LE(widest_line(table.out), 80U);
  const auto document = Value::from_json(made({"--strategy", "auto", "--json"}).out);
  EXPECT_EQ(document.find("sound")->as_bool(), true);
  EXPECT_THAT(schema_problems(json_file("../../docs/device-map-plan.schema.json"), {document, Value::Object{}}),
              testing::ElementsAre("", Not("")));
  // accelerate does not come back to a device that was too small for a module before.
  const std::vector<std::string> tight = {"--strategy",   "sequential", "--max-memory", "cuda:0=40KiB",
                                          "--max-memory", "cpu=1GiB",   "--json"};
  auto as_it_is = tight;
  as_it_is.emplace_back("--compat");
  EXPECT_THAT(Value::from_json(made(tight).out).find("reasons")->to_json(), HasSubstr("accelerate's map"));
  EXPECT_EQ(Value::from_json(made(as_it_is).out).find("device_map")->to_json(), R"({"": "cpu"})");
  EXPECT_THAT(made({"--compat"}).err, HasSubstr("a --strategy such as auto"));
  EXPECT_THAT(plan({"--strategy", "auto", "--compat"}).err, HasSubstr("a model in safetensors"));
  EXPECT_THAT(made({"--strategy", "auto", "--max-memory", "disk=1GiB"}).err, HasSubstr("does not bound the disk"));
  EXPECT_THAT(made({"--strategy", "auto", "--pin", "a=cpu"}).err, HasSubstr("a device map has modules"));
  EXPECT_THAT(made({"--strategy", "auto", "--use", "cuda:1", "--avoid", "cuda:1"}).err, HasSubstr("both to be used"));
  EXPECT_THAT(made({"--strategy", "auto", "--avoid", "cuda:7"}).err, HasSubstr("no device 'cuda:7'"));
  EXPECT_THAT(made({"--strategy", "auto", "--measured"}).err, HasSubstr("--measured runs llama.cpp"));
  EXPECT_THAT(made({"--strategy", "auto", "--reach", "5"}).err, HasSubstr("divides weights"));
  EXPECT_THAT(plan({"--draft", file("model.safetensors")}).err, HasSubstr("is in safetensors, where a GGUF is needed"));
  EXPECT_THAT(made({"--strategy", "auto", "--format", "html"}).err, HasSubstr("needs a model in GGUF"));
  EXPECT_THAT(made({"--context", "512"}).out, HasSubstr("generous guess"));
}

TEST_F(PlanCommand, OfAnEncoderSpeaksOfWhatItReads) {
  const std::string encoder = BERTH_TEST_DATA_DIR "/encoders/bert_model";
  const auto table = berth_command({"plan", encoder, "--simulate", "cpu:1GiB"});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, AllOf(HasSubstr("tokens/s predicted"), Not(HasSubstr("prompts"))));
  const auto flags = berth_command({"plan", encoder, "--simulate", "cpu:1GiB", "--format", "llama.cpp"});
  EXPECT_EQ(flags.exit_code, 2);
  EXPECT_THAT(flags.err, AllOf(HasSubstr("encoders run in Berth: berth embed"), Not(HasSubstr("berth gguf"))));
}

TEST_F(PlanCommand, SaysWhatToDoWithAModelWithoutLayers) {
  SafetensorsWriter().tensor("a.weight", "F32", {4, 4}, 64).write(file("flat/model.safetensors"));
  const auto outcome = plan({}, "cpu:1GiB", "flat");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--format hf plans its modules"));
  EXPECT_EQ(plan({"--format", "hf"}, "cpu:1GiB", "flat").exit_code, 0);
  EXPECT_THAT(plan({"--strategy", "auto"}, "cpu:1GiB", "flat").out, Not(HasSubstr("0 layers")));
}

TEST_F(PlanCommand, ReachesASpeed) {
  const auto outcome = plan({"--context", "1024", "--reach", "1"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("reach the 1.0 that are"), HasSubstr("prompts ")));
  EXPECT_EQ(plan_from(plan({"--context", "1024", "--reach", "1", "--json"})).placement.output, Device::cpu());
  EXPECT_THAT(plan({"--context", "1024", "--reach", "1e12"}).out,
              HasSubstr("tokens/s at most in a full context where"));
  EXPECT_THAT(plan({"--reach", "1", "--objective", "prompt"}).err, HasSubstr("contradict each other"));
}

TEST_F(PlanCommand, ShowsBudgetsAsWhatMayBeUsed) {
  const auto outcome = plan({"--context", "1024", "--max-memory", "cuda:0=100MiB", "--max-memory", "cpu=0"});
  EXPECT_EQ(outcome.exit_code, does_not_fit_code);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("MAY USE"), HasSubstr("and has nothing: "), HasSubstr("!]"),
                                 testing::ContainsRegex("\ncpu .* nothing\n")));
  EXPECT_THAT(plan({"--context", "1024"}).out, HasSubstr("FREE NOW"));
  EXPECT_EQ(plan({"--avoid", "cpu"}).exit_code, 2);
}

TEST_F(PlanCommand, SaysWhatLacksWhereItDoesNotFit) {
  const auto outcome = plan({"--context", "40960"}, "cpu:100MiB");
  EXPECT_EQ(outcome.exit_code, does_not_fit_code);
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("it does not fit"), HasSubstr("What lacks"), HasSubstr("What would help, each alone"),
                    HasSubstr("one more GPU such as vulkan with")));
  EXPECT_LE(widest_line(outcome.out), 80U);
  EXPECT_EQ(plan_from(plan({"--context", "40960", "--json"}, "cpu:100MiB")).outcome, PlanOutcome::does_not_fit);
  for (const std::string tool : {"hf", "llama.cpp", "ollama"}) {
    const auto refused = plan({"--context", "40960", "--format", tool}, "cpu:100MiB");
    EXPECT_EQ(refused.exit_code, does_not_fit_code);
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, AllOf(HasSubstr("does not fit"), HasSubstr("would do")));
  }
}

TEST_F(PlanCommand, ShortensTheContextWhenAsked) {
  const auto outcome = plan({"--context", "40960", "--min-context", "256", "--json"}, "cpu:500MiB");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_LT(plan_from(outcome).context.n_ctx, 40960);
  const auto longest = plan({"--context", "40960", "--objective", "largest_context", "--json"}, "cpu:500MiB");
  EXPECT_EQ(plan_from(longest).context.n_ctx % 256, 0);
}

TEST_F(PlanCommand, SpeaksToOtherTools) {
  const auto flags = plan({"--context", "1024", "--format", "llama.cpp"});
  EXPECT_THAT(flags.out,
              AllOf(StartsWith("llama-server -m " + file("dense.gguf") + " -dev CUDA0 -ngl "),
                    HasSubstr(" -c 1024 -np 1 -b 2048 -ub 512 -ctk f16 -ctv f16 -fa auto "), HasSubstr(" -fit off\n")));
  EXPECT_THAT(plan({"--context", "1024", "--format", "ollama"}).out,
              AllOf(HasSubstr("\nFROM " + file("dense.gguf") + "\n"), HasSubstr("\nPARAMETER num_ctx 1024\n")));
  const auto map = Value::from_json(plan({"--context", "1024", "--format", "hf"}).out);
  EXPECT_NE(map.find("model.layers.0"), nullptr);
  EXPECT_THAT(plan({"--context", "1024", "--format", "yaml"}).out, HasSubstr("outcome: fits\n"));
  EXPECT_THAT(plan({"--context", "1024", "--format", "html"}).out, StartsWith("<!DOCTYPE html>"));
}

TEST_F(PlanCommand, TellsOtherToolsOfCompanions) {
  const auto draft = file("dense.gguf") + "=cpu";
  const auto flags = plan({"--context", "1024", "--draft", draft, "--format", "llama.cpp"});
  EXPECT_THAT(flags.out, HasSubstr(" -md " + file("dense.gguf") + " -devd none -ngld 0 -ctkd f16 "));
  const auto map = plan({"--context", "1024", "--draft", draft, "--format", "hf"});
  EXPECT_EQ(map.exit_code, 0);
  EXPECT_THAT(map.err, HasSubstr("transformers is not told of the companions"));
  const auto made = plan_from(plan({"--context", "1024", "--draft", draft, "--json"}));
  ASSERT_EQ(made.companions.size(), 1U);
  EXPECT_EQ(made.companions.front().device, Device::cpu());
}

TEST_F(PlanCommand, ADeviceMapHasNoSingleTensorsAndNoWorkers) {
  const auto whole = plan_from(plan({"--context", "1024", "--json"}, "cpu:2GiB,cuda:4GiB", "experts.gguf"));
  const auto short_by_one = whole.use.front().total() / (1 << 20) - 1;  // MiB, so that a part stays on the CPU
  const auto machine = "cpu:2GiB,cuda:" + std::to_string(short_by_one) + "MiB,rpc:1GiB";
  const auto outcome = plan({"--context", "1024", "--format", "hf"}, machine, "experts.gguf");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, Not(HasSubstr("rpc")));
}

TEST_F(PlanCommand, WritesToAFile) {
  const auto target = file("plan.html");
  const auto outcome = plan({"--context", "1024", "--format", "html", "-o", target});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  std::stringstream page;
  page << std::ifstream(target).rdbuf();
  EXPECT_THAT(page.str(), StartsWith("<!DOCTYPE html>"));
  const auto refused = plan({"--context", "1024", "-o", file("none/plan.json")});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("Cannot write " + file("none/plan.json")));
}

TEST_F(PlanCommand, ComparesTwoPlans) {
  plan({"--context", "1024", "--json", "-o", file("one.json")});
  plan({"--context", "4096", "--avoid", "cuda:0", "--json", "-o", file("two.json")});
  const auto outcome = berth_command({"plan", "--compare", file("one.json"), file("two.json")});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("1024 tokens"), HasSubstr("4096 tokens"), HasSubstr("cuda:0 layers")));
  EXPECT_LE(widest_line(outcome.out), 80U);
  const auto binary = berth_command({"plan", "--compare", file("one.json"), file("dense.gguf")});
  EXPECT_EQ(binary.exit_code, 1);
  EXPECT_THAT(binary.err, HasSubstr("No plan can be read: " + file("dense.gguf")));
  EXPECT_THAT(berth_command({"plan", "--compare", file("one.json"), file("none.json")}).err,
              HasSubstr("Cannot read a plan"));
  std::ofstream(file("wrong.json")) << R"({"outcome": "fits"})";
  EXPECT_THAT(berth_command({"plan", "--compare", file("one.json"), file("wrong.json")}).err,
              HasSubstr("wrong.json is no plan: "));
}

TEST_F(PlanCommand, ReadsAPlanThatIsYaml) {
  plan({"--context", "1024", "--json", "-o", file("one.json")});
  plan({"--context", "1024", "--format", "yaml", "-o", file("one.yaml")});
  const auto outcome = berth_command({"plan", "--compare", file("one.json"), file("one.yaml"), "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto both = Value::from_json(outcome.out).as_object();
  EXPECT_EQ(Plan::from_dict(both.at(file("one.json"))), Plan::from_dict(both.at(file("one.yaml"))));
}

TEST_F(PlanCommand, RefusesWhatMakesNoSense) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"--context", "-1"}, "--context must be 0 or more"},
      {{"--parallel", "0"}, "--parallel must be at least 1"},
      {{"--cache-type", "Q9"}, "'Q9' is none of F32"},
      {{"--max-memory", "cuda:0"}, "--max-memory takes DEVICE=SIZE"},
      {{"--max-memory", "cuda:0=many"}, "is neither a number of bytes"},
      {{"--max-memory", "cuda:7=1GiB"}, "The machine has no device 'cuda:7'"},
      {{"--leave", "much"}, "--leave takes a size"},
      {{"--pin", "blk"}, "--pin takes PATTERN=DEVICE"},
      {{"--pin", "blk=gpu"}, "Unknown device type string 'gpu'"},
      {{"--pin", "no_such_tensor=cpu"}, "matches no tensor of the model"},
      {{"--use", "cuda:3"}, "The machine has no device 'cuda:3'"},
      {{"--min-context", "0"}, "of 0 tokens at least is none"},
      {{"--min-context", "9000", "--context", "512"}, "contradict each other"},
      {{"--parallel", "300"}, "n_seq must be from 1 to 256, got 300"},
      {{"--format", "word"}, "'word' is none of table"},
      {{"--pin", "attn=cpu", "--format", "hf"},
       "--pin places single tensors, and the device map of --format hf has modules"},
      {{"--json", "--format", "hf"}, "contradict each other"}};
  for (const auto& [arguments, message] : wrong) {
    const auto outcome = plan(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << testing::PrintToString(arguments) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(message)) << testing::PrintToString(arguments);
  }
  EXPECT_THAT(berth_command({"plan"}).err, HasSubstr("Say which MODEL is to be planned"));
  EXPECT_EQ(berth_command({"plan", file("none.gguf")}).exit_code, 1);
}

TEST_F(PlanCommand, VerifiesByAskingTheEngine) {
  if (engines().empty()) GTEST_SKIP() << "this build has no engine";
  const auto outcome = berth_command({"plan", file("dense.gguf"), "--context", "1024", "--verify"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto at = outcome.out.find("Asked of llama.cpp, in bytes\n");
  ASSERT_NE(at, outcome.out.npos) << outcome.out;
  std::istringstream lines(outcome.out.substr(at));
  std::string line;
  std::getline(lines, line);
  std::getline(lines, line);
  int buffers = 0;
  for (; std::getline(lines, line); ++buffers) EXPECT_THAT(line, testing::EndsWith(" none"));
  EXPECT_GE(buffers, 4);
}

TEST_F(PlanCommand, VerifiesPlansOfSimulatedDevicesAndTellsOfItBesideFlags) {
  BERTH_NEEDS_MODEL();
  const std::vector<std::string> arguments = {"plan",       test::model_path(),     "--context", "512",
                                              "--simulate", "cpu:8GiB,vulkan:1GiB", "--verify"};
  const auto outcome = berth_command(arguments);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::ContainsRegex("vulkan:0 +compute +[0-9]+ +[0-9]+ +none"));
  auto flags = arguments;
  flags.insert(flags.end(), {"--format", "llama.cpp"});
  const auto told = berth_command(flags);
  EXPECT_THAT(told.out, StartsWith("llama-server "));
  EXPECT_THAT(told.err, HasSubstr("Asked of llama.cpp, in bytes\n"));
  auto json = arguments;
  json.emplace_back("--json");
  EXPECT_TRUE(plan_from(berth_command(json)).exact);
}

/// The number of one that this process may use.
std::string a_core() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return "0";
  int core = 0;
  while (core < CPU_SETSIZE - 1 && CPU_ISSET(core, &cores) == 0) ++core;
  return std::to_string(core);
}

TEST_F(PlanCommand, RunsTheBestPlansAndTakesTheFastest) {
  BERTH_NEEDS_MODEL();
  // On one core: two threads of the engine wait for each other where tests run beside this one.
  const std::vector<std::string> measured = {"-c",
                                             a_core(),
                                             BERTH_BINARY,
                                             "plan",
                                             test::model_path(),
                                             "--context",
                                             "256",
                                             "--simulate",
                                             "cpu:8GiB,vulkan:1GiB",
                                             "--measured",
                                             "--json"};
  const auto outcome = berth_command(measured, {.program = "/usr/bin/taskset"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("running the plan for a second"));
  const auto document = Value::from_json(outcome.out);
  const auto best = Plan::from_dict(document);
  EXPECT_TRUE(best.predicted->ran);
  for (const auto& run : document.as_object().at("runs").as_array())
    EXPECT_LE(Plan::from_dict(run.as_object().at("plan")).predicted->decode_tokens_per_s,
              best.predicted->decode_tokens_per_s);
  const auto recorded = berth_command({"plan", file("dense.gguf"), "--context", "256", "--measured", "--inventory",
                                       BERTH_TEST_DATA_DIR "/machines/server_amd/inventory.json"});
  EXPECT_EQ(recorded.exit_code, 2);
  EXPECT_THAT(recorded.err, HasSubstr("--measured runs plans on this machine, not on a recorded one"));
}

}  // namespace
}  // namespace berth::test
