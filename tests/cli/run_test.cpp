#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <algorithm>
#include <fstream>
#include <sstream>

#include "berth/device.h"
#include "berth/engine.h"
#include "cli/process.h"
#include "real_worker.h"
#include "test_model.h"

namespace berth::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class RunCommand : public testing::Test {
 protected:
  void SetUp() override { BERTH_NEEDS_MODEL(); }

  static Outcome run(std::vector<std::string> more, ProcessOptions options = {}) {
    more.insert(more.begin(), {"run", model_path().string()});
    if (std::ranges::find(more, "--max-new-tokens") == more.end()) more.insert(more.end(), {"--max-new-tokens", "4"});
    return berth_command(std::move(more), std::move(options));
  }

  /// The replies of a run with --json.
  static json run_json(std::vector<std::string> more, ProcessOptions options = {}) {
    more.emplace_back("--json");
    const auto outcome = run(std::move(more), std::move(options));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    return json::parse(outcome.out);
  }
};

TEST_F(RunCommand, AnswersAndSaysNothingElse) {
  const auto outcome = run({"--raw", "-p", "The capital of France is", "--max-new-tokens", "1"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, " Paris\n");
  EXPECT_EQ(outcome.err, "");
}

TEST_F(RunCommand, AnswersTheSameStreamedOrNotFromAnArgumentOrStandardInput) {
  const auto streamed = run({"-p", "Write one sentence about the sea."}).out;
  EXPECT_EQ(run({"-p", "Write one sentence about the sea.", "--no-stream"}).out, streamed);
  EXPECT_EQ(run({"-p", "-"}, {.input = "Write one sentence about the sea.\n"}).out, streamed);
  EXPECT_EQ(run({}, {.input = "Write one sentence about the sea.\r\n"}).out, streamed);
  EXPECT_EQ(run_json({"-p", "Write one sentence about the sea."})["replies"][0].get<std::string>() + "\n", streamed);
  EXPECT_EQ(run({"-p", "Write one sentence about the sea.", "--temperature", "0", "--seed", "5"}).out, streamed);
}

TEST_F(RunCommand, JsonHoldsTheRepliesAndWhatTheyTook) {
  const auto document = run_json({"-p", "Hello"});
  EXPECT_EQ(document.size(), 2U);
  EXPECT_EQ(document.at("replies").size(), 1U);
  const auto& meta = document.at("meta");
  EXPECT_EQ(meta.at("device"), ComponentDevice::resolve_device().str());
  EXPECT_EQ(meta.at("engine"), "llama.cpp");
  EXPECT_EQ(meta.at("model"), model_path().string());
  EXPECT_GT(meta.at("prompt_tokens"), 1);
  EXPECT_GE(meta.at("generated_tokens"), 1);
  EXPECT_LE(meta.at("generated_tokens"), 4);
  EXPECT_GT(meta.at("tokens_per_second"), 0.0);
  EXPECT_GT(meta.at("load_ms"), 0.0);
  EXPECT_GT(meta.at("first_token_ms"), 0.0);
  EXPECT_GT(meta.at("peak_rss_bytes"), 50'000'000);
  EXPECT_EQ(meta.at("finish_reasons").size(), 1U);
  EXPECT_EQ(meta.at("seeds"), json({0}));
}

TEST_F(RunCommand, VerboseCountsTheMemoryOfAnEngineInAProcessOfItsOwn) {
  const auto outcome = run({"-p", "Hi", "--max-new-tokens", "1", "--isolation", "process", "-v"});
  const auto at = outcome.err.find(" tokens/s, ");
  ASSERT_NE(at, std::string::npos) << outcome.err;
  const auto told = outcome.err.substr(at + 11);
  EXPECT_THAT(told, HasSubstr(" of memory at the peak"));
  EXPECT_TRUE(std::stod(told) > 60 || told.find("GiB") != std::string::npos) << told;  // the weights alone take 90 MiB
}

TEST_F(RunCommand, SamplesAreTheSameForTheSameSeedAndAsManyAsAskedFor) {
  const std::vector<std::string> asked = {"-p",     "A poem.", "--temperature",          "1.5",
                                          "--seed", "7",       "--num-return-sequences", "3"};
  const auto once = run_json(asked);
  EXPECT_EQ(once["replies"].size(), 3U);
  EXPECT_NE(once["replies"][0], once["replies"][1]);
  EXPECT_EQ(once["meta"]["seeds"], json({7, 8, 9}));
  EXPECT_EQ(run_json(asked)["replies"], once["replies"]);
  EXPECT_THAT(run(asked).out, AllOf(HasSubstr("--- 1 of 3\n"), HasSubstr("\n--- 3 of 3\n")));
}

TEST_F(RunCommand, AnythingThatOnlySamplingUsesTurnsItOn) {
  for (const auto& option : {std::vector<std::string>{"--seed", "3"},
                             {"--top-k", "5"},
                             {"--top-p", "0.9"},
                             {"--min-p", "0.1"},
                             {"--temperature", "0.5"}}) {
    std::vector<std::string> arguments = {"--raw", "-p", "Hi", "--max-new-tokens", "1"};
    arguments.insert(arguments.end(), option.begin(), option.end());
    EXPECT_NE(run_json(arguments)["meta"]["seeds"][0], 0) << option[0];
  }
}

TEST_F(RunCommand, BeamsAreSearchedAndNotSampled) {
  std::vector<std::string> asked = {"--raw",       "-p", "The capital of France is", "--max-new-tokens", "6",
                                    "--num-beams", "3"};
  EXPECT_THAT(run(asked).out, HasSubstr("Paris"));
  asked.insert(asked.end(), {"--num-return-sequences", "2"});
  const auto both = run_json(asked);
  EXPECT_EQ(both["replies"].size(), 2U);
  EXPECT_NE(both["replies"][0], both["replies"][1]);
  EXPECT_EQ(both["meta"]["seeds"], json({0, 0}));
  EXPECT_EQ(run_json(asked)["replies"], both["replies"]);

  const auto refusal = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"-p", "Hi"});
    const auto outcome = run(more);
    EXPECT_EQ(outcome.exit_code, 2);
    return outcome.err;
  };
  EXPECT_THAT(refusal({"--num-beams", "2", "--seed", "1"}), HasSubstr("does not sample: leave out --temperature"));
  EXPECT_THAT(refusal({"--num-beams", "2", "--stream"}), HasSubstr("leave out --stream"));
  EXPECT_THAT(refusal({"--num-beams", "2", "--num-return-sequences", "3"}), HasSubstr("the 2 beams"));
  EXPECT_THAT(refusal({"--num-return-sequences", "3"}), HasSubstr("--num-beams 4"));
  EXPECT_THAT(refusal({"--length-penalty", "2"}), HasSubstr("--num-beams above 1"));
  EXPECT_THAT(refusal({"--num-beams", "65"}), HasSubstr("from 1 to 64"));
}

TEST_F(RunCommand, LengthPenaltyDecidesBetweenShortAndLongBeams) {
  const auto tokens = [&](const std::string& penalty) {
    const auto document = run_json({"-p", "Say yes or no: is the sky blue?", "--max-new-tokens", "24", "--num-beams",
                                    "4", "--length-penalty", penalty});
    return document["meta"]["generated_tokens"].get<int>();
  };
  EXPECT_LT(tokens("-2"), tokens("1"));
  EXPECT_LT(tokens("1"), tokens("8"));
}

TEST_F(RunCommand, StopWordsEndTheAnswer) {
  const auto document = run_json({"--raw", "-p", "The capital of France is", "--stop", ".", "--stop", "nonesuch"});
  EXPECT_EQ(document["replies"], json::array({" Paris"}));
  EXPECT_EQ(document["meta"]["finish_reasons"], json({"stop_word"}));
}

TEST_F(RunCommand, RawGoesOnWithThePromptAsItIs) {
  const auto raw = run_json({"-p", "The capital of France is", "--raw"});
  const auto chat = run_json({"-p", "The capital of France is"});
  EXPECT_THAT(raw["replies"][0].get<std::string>(), HasSubstr("Paris"));
  EXPECT_LT(raw["meta"]["prompt_tokens"], 10);
  EXPECT_GT(chat["meta"]["prompt_tokens"], 10);
}

TEST_F(RunCommand, TheSystemMessageIsPartOfThePrompt) {
  const auto plain = run_json({"-p", "Hi"});
  const auto guided = run_json({"-p", "Hi", "--system",
                                "You are a pirate who answers in rhymes about the wild, wild sea "
                                "and about all the many ships that ever sailed on it."});
  EXPECT_GT(guided["meta"]["prompt_tokens"], plain["meta"]["prompt_tokens"]);
}

TEST_F(RunCommand, WhatTheUserTypesCannotPoseAsAnotherRole) {
  const auto posed = run_json({"-p", "<|im_end|>"});
  const auto plain = run_json({"-p", "x"});
  EXPECT_GT(posed["meta"]["prompt_tokens"].get<int>(), plain["meta"]["prompt_tokens"].get<int>() + 2);
}

TEST_F(RunCommand, BytesThatAreNoUtf8NeverBreakTheJson) {
  run_json({}, {.input = "Repeat: \xff\xfe\xc3 \xf0\x9f \x01\x1b[31m \xed\xa0\x80"});
  run_json({"--raw", "-p", "\xff\xfe"});
  // Raw bytes are tokens of their own, and so are halves of characters.
  run_json({"-p", "Hi", "--temperature", "50", "--top-k", "0", "--seed", "1", "--num-return-sequences", "8"});
}

TEST_F(RunCommand, OptionsThatStartWithADashCanBeGivenAsText) {
  EXPECT_EQ(run({"-p", "-5 + 3 = ?"}).exit_code, 0);
  EXPECT_EQ(run({"-p", "--json"}).exit_code, 0);
  EXPECT_EQ(run({"--stop", "[x]", "--stop", "-", "-p", "Hi"}).exit_code, 0);
}

TEST_F(RunCommand, VerboseTellsTheDeviceAndWhyAndWhatItTook) {
  const auto outcome = run({"-p", "Hi", "-v"});
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(": taken, the first of cuda, xpu, mps, cpu"), HasSubstr("loaded in"),
                                 HasSubstr("prompt tokens, the first token after"), HasSubstr("generated tokens"),
                                 HasSubstr("tokens/s"), HasSubstr("of memory")));
  EXPECT_THAT(run({"-p", "Hi", "-v", "--device", "cpu"}).err, HasSubstr("berth: device cpu: taken, given\n"));
}

TEST_F(RunCommand, AMapOnOneDeviceIsThatDevice) {
  EXPECT_EQ(run_json({"-p", "Hi", "--device", R"({"model": "cpu", "lm_head": "cpu"})"})["meta"]["device"], "cpu");
}

TEST_F(RunCommand, AModelWithoutATemplateGoesOnWithThePromptAsItIs) {
  std::stringstream bytes;
  bytes << std::ifstream(model_path(), std::ios::binary).rdbuf();
  auto model = std::move(bytes).str();
  const std::string key = "tokenizer.chat_template";
  const auto at = model.find(key);
  ASSERT_NE(at, std::string::npos);
  model.replace(at, key.size(), "tokenizer.chat_tattered");
  const TemporaryFolder folder;
  const auto path = (folder.path() / "plain.gguf").string();
  std::ofstream(path, std::ios::binary) << model;

  const auto outcome = berth_command({"run", path, "-p", "The capital of France is", "--max-new-tokens", "1"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, " Paris\n");
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("no chat template"), HasSubstr("--raw")));

  const auto guided = berth_command({"run", path, "-p", "Hi", "--system", "Be brief."});
  EXPECT_EQ(guided.exit_code, 1);
  EXPECT_THAT(guided.err, AllOf(HasSubstr("no chat template"), HasSubstr("--system")));
}

TEST_F(RunCommand, AFolderWithTheModelIsEnough) {
  EXPECT_EQ(berth_command({"run", model_path().parent_path().string(), "-p", "Hi", "--max-new-tokens", "1"}).exit_code,
            0);
}

TEST_F(RunCommand, AnOutputThatCannotBeWrittenIsAFailure) {
  for (const auto& more : {std::vector<std::string>{"-p", "Hi"}, {"-p", "Hi", "--no-stream"}, {"-p", "Hi", "--json"}}) {
    const auto outcome = run(more, {.output_file = "/dev/full"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, HasSubstr("No space left on device"));
  }
}

TEST_F(RunCommand, RepliesOnATerminalHoldNoControlCharacters) {
  const auto outcome =
      run({"-p", "Hi", "--temperature", "50", "--top-k", "0", "--seed", "1"}, {.terminal_output = true});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char c : outcome.out)
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\r' || c == '\t');
}

TEST_F(RunCommand, JsonAtATerminalNeedsAPrompt) {
  const auto outcome = run({"--json"}, {.terminal_input = true});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("-p TEXT"));
}

/// A build for the CPU starts no program that enters a driver, unless a device is asked for that only one can tell.
TEST_F(RunCommand, LooksAtDriversOnlyWhereTheAnswerDependsOnOne) {
  for (const auto* each : engines())
    for (const auto& info : each->devices())
      if (info.device != Device::cpu()) GTEST_SKIP() << "this build has an engine for GPUs";
  const TemporaryFolder folder;
  const auto helper = folder.path() / "berth-probe";
  const auto mark = folder.path() / "was-started";
  std::ofstream(helper) << "#!/bin/sh\n: >'" << mark.string() << "'\n";
  std::filesystem::permissions(helper, std::filesystem::perms::owner_all);
  const ProcessOptions options{.environment = {{"BERTH_PROBE_HELPER", helper.string()}}};
  EXPECT_EQ(run({"-p", "Hi"}, options).exit_code, 0);
  EXPECT_EQ(run({"-p", "Hi", "--device", "cpu"}, options).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(mark));
  const auto refused = run({"-p", "Hi", "--device", "cuda:3"}, options);
  EXPECT_THAT(refused.err, HasSubstr("This machine has no device 'cuda:3'"));
  EXPECT_TRUE(std::filesystem::exists(mark));
}

#ifdef BERTH_TEST_RPC_WORKER
TEST_F(RunCommand, MeansTheDeviceThatDevicesLists) {
  const RealWorker worker(BERTH_TEST_RPC_WORKER);
  const ProcessOptions options{.environment = {{"BERTH_RPC", worker.endpoint()}, {"BERTH_PROBES", "cpu,rpc"}}};
  const auto machine = json::parse(berth_command({"devices", "--json"}, options).out);
  EXPECT_EQ(machine.at("devices").back().at("device"), "rpc:0");
  EXPECT_EQ(machine.at("devices").back().at("engines").at(0).at("in"), "llama.cpp");
  const auto there = run_json({"--raw", "-p", "The capital of France is", "--device", "rpc:0"}, options);
  EXPECT_EQ(there.at("meta").at("device"), "rpc:0");
  EXPECT_EQ(there.at("replies"), run_json({"--raw", "-p", "The capital of France is"}, options).at("replies"));
}
#endif

}  // namespace
}  // namespace berth::test
