#include "berth/huggingface_local_generator.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "berth/error.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using test::refusal;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

using Parameters = HuggingFaceLocalGenerator::Parameters;

Parameters local_model(Parameters parameters = {}) {
  parameters.model = test::model_path();
  parameters.task = "text-generation";
  return parameters;
}

const Value& init(const Value& dict, std::string_view name) { return *dict.find("init_parameters")->find(name); }

TEST(HuggingFaceLocalGenerator, SerializesAsHaystackDoes) {
  const HuggingFaceLocalGenerator generator(
      {.model = "local/model", .task = "text-generation", .device = ComponentDevice(Device::gpu(1))});
  EXPECT_EQ(generator.to_dict().to_json(),
            R"({"type": "haystack.components.generators.hugging_face_local.HuggingFaceLocalGenerator", )"
            R"("init_parameters": {"huggingface_pipeline_kwargs": {"model": "local/model", "device": "cuda:1", )"
            R"("task": "text-generation"}, "generation_kwargs": {"return_full_text": false, "max_new_tokens": 512}, )"
            R"("streaming_callback": null, "stop_words": null, "token": {"type": "env_var", )"
            R"("env_vars": ["HF_API_TOKEN", "HF_TOKEN"], "strict": false}}})");
}

TEST(HuggingFaceLocalGenerator, ComesBackFromItsDictionary) {
  const HuggingFaceLocalGenerator generator(
      {.model = "local/model",
       .task = "text-generation",
       .device = ComponentDevice(DeviceMap{{"model", Device::gpu(0)}, {"lm_head", Device::disk()}}),
       .generation_kwargs = {{"temperature", 0.5}, {"do_sample", true}},
       .stop_words = std::vector<std::string>{"stop", "\n"},
       .streaming_callback =
           StreamingCallback::from_name("haystack.components.generators.utils.print_streaming_chunk")});
  const auto dict = generator.to_dict();
  EXPECT_EQ(HuggingFaceLocalGenerator::from_dict(dict)->to_dict().to_json(), dict.to_json());
}

TEST(HuggingFaceLocalGenerator, WhatThePipelineKwargsSayWinsWithAWarning) {
  std::vector<std::string> warnings;
  const HuggingFaceLocalGenerator generator(
      {.model = "ignored",
       .task = "text-generation",
       .device = ComponentDevice(Device::gpu(1)),
       .huggingface_pipeline_kwargs = {{"model", "local/model"}, {"device", "cpu"}},
       .log = [&](LogLevel, std::string_view message) { warnings.emplace_back(message); }});
  EXPECT_EQ(generator.device(), ComponentDevice(Device::cpu()));
  EXPECT_EQ(*init(generator.to_dict(), "huggingface_pipeline_kwargs").find("model"), Value("local/model"));
  EXPECT_THAT(warnings, ElementsAre(AllOf(HasSubstr("cuda:1"), HasSubstr("ignored"))));
}

TEST(HuggingFaceLocalGenerator, UnderstandsTheDevicesOfHuggingFace) {
  const auto device = [](Value::Object kwargs) {
    return HuggingFaceLocalGenerator({.model = "m", .task = "text-generation", .huggingface_pipeline_kwargs = kwargs})
        .device();
  };
  EXPECT_EQ(device({{"device", 2}}), ComponentDevice(Device::gpu(2)));
  EXPECT_EQ(device({{"device", -1}}), ComponentDevice(Device::cpu()));
  EXPECT_EQ(device({{"device_map", Value::Object{{"", "cuda:1"}}}}), ComponentDevice(DeviceMap{{"", Device::gpu(1)}}));
  EXPECT_EQ(device({{"device_map", "auto"}}), ComponentDevice::resolve_device());
  EXPECT_EQ(device({{"device", nullptr}}), ComponentDevice::resolve_device());
  EXPECT_EQ(device({{"model_kwargs", Value::Object{{"device_map", Value::Object{{"", 3}}}}}}),
            ComponentDevice(DeviceMap{{"", Device::gpu(3)}}));
}

TEST(HuggingFaceLocalGenerator, ATokenNeverReachesItsDictionaryOrAnError) {
  setenv("BERTH_TEST_HF", "hf_very_secret", 1);
  const HuggingFaceLocalGenerator generator({.model = "local/model",
                                             .task = "text-generation",
                                             .token = Secret::from_env_var({"BERTH_TEST_HF"}),
                                             .huggingface_pipeline_kwargs = {{"token", "hf_very_secret"}}});
  EXPECT_EQ(generator.to_dict().to_json().find("hf_very_secret"), std::string::npos);

  HuggingFaceLocalGenerator by_value(
      {.model = "no/such-model", .task = "text-generation", .token = Secret::from_token("hf_very_secret")});
  EXPECT_EQ(refusal<std::exception>([&] { (void)by_value.to_dict(); }).find("hf_very_secret"), std::string::npos);
  EXPECT_EQ(refusal<std::exception>([&] { by_value.warm_up(); }).find("hf_very_secret"), std::string::npos);
}

TEST(HuggingFaceLocalGenerator, AStrictTokenMustBeThereToRun) {
  constexpr auto missing = "None of the following authentication environment variables are set: ('BERTH_TEST_NONE',)";
  HuggingFaceLocalGenerator generator(
      {.model = "m", .task = "text-generation", .token = Secret::from_env_var({"BERTH_TEST_NONE"})});
  EXPECT_EQ(generator.known_problem(), missing);
  EXPECT_EQ(refusal<MissingVariable>([&] { generator.warm_up(); }), missing);
}

TEST(HuggingFaceLocalGenerator, HasNoProblemWithEitherOfItsTasks) {
  for (const auto* task : {"text-generation", "text2text-generation"})
    EXPECT_EQ(HuggingFaceLocalGenerator({.model = "m", .task = task, .token = {}}).known_problem(), std::nullopt);
}

TEST(HuggingFaceLocalGenerator, WithoutATaskAsksTheModelOnThisMachineOnly) {
  EXPECT_THAT(refusal<std::invalid_argument>([] { HuggingFaceLocalGenerator({.model = "no/such-model"}); }),
              HasSubstr("pass task=\"text-generation\""));
  BERTH_NEEDS_MODEL();
  const HuggingFaceLocalGenerator generator({.model = test::model_path()});
  EXPECT_EQ(*init(generator.to_dict(), "huggingface_pipeline_kwargs").find("task"), Value("text-generation"));
}

TEST(HuggingFaceLocalGenerator, RefusesTasksAndParametersThatItDoesNotKnow) {
  EXPECT_THAT(refusal<std::invalid_argument>([] { HuggingFaceLocalGenerator({.model = "m", .task = "summarize"}); }),
              "Task 'summarize' is not supported. The supported tasks are: text-generation, text2text-generation.");
  Value::Object parameters{{"model", "m"}, {"task", "text-generation"}, {"tempo", 1}};
  EXPECT_THAT(refusal<std::invalid_argument>([&] {
                HuggingFaceLocalGenerator::from_dict(
                    Value::Object{{"type", HuggingFaceLocalGenerator::type_name}, {"init_parameters", parameters}});
              }),
              AllOf(HasSubstr("'tempo'"), HasSubstr("stop_words")));
  EXPECT_THAT(refusal<std::invalid_argument>([] {
                HuggingFaceLocalGenerator({.model = "m",
                                           .task = "text-generation",
                                           .generation_kwargs = {{"stopping_criteria", nullptr}},
                                           .stop_words = std::vector<std::string>{"x"}});
              }),
              HasSubstr("specify only one"));
  EXPECT_THAT(refusal<std::invalid_argument>([] { StreamingCallback::from_name("os.system"); }),
              HasSubstr("'os.system'"));
}

TEST(HuggingFaceLocalGenerator, ACallbackWithoutANameCannotBeSerialized) {
  const HuggingFaceLocalGenerator generator({.model = "m",
                                             .task = "text-generation",
                                             .streaming_callback = {.name = "", .call = [](const StreamingChunk&) {}}});
  EXPECT_THAT(refusal<std::invalid_argument>([&] { (void)generator.to_dict(); }), HasSubstr("name"));
}

TEST(HuggingFaceLocalGenerator, WarmUpSaysWhatIsMissingAndCanBeTriedAgain) {
  HuggingFaceLocalGenerator generator({.model = "no/such-model", .task = "text-generation"});
  EXPECT_THAT(refusal<ModelNotFound>([&] { generator.warm_up(); }), HasSubstr("no/such-model"));
  EXPECT_THAT(refusal<ModelNotFound>([&] { generator.run("Hello"); }), HasSubstr("no/such-model"));
  EXPECT_EQ(generator.loaded_model(), nullptr);
}

TEST(HuggingFaceLocalGenerator, WarmUpRefusesBadOptionsBeforeItLoads) {
  auto parameters = local_model();
  parameters.generation_kwargs = {{"num_beams", 400}};
  HuggingFaceLocalGenerator generator(std::move(parameters));
  EXPECT_THAT(refusal<std::invalid_argument>([&] { generator.warm_up(); }), HasSubstr("'num_beams'"));
  for (const bool full : {true, false}) {
    HuggingFaceLocalGenerator other(
        {.model = "m", .task = "text2text-generation", .generation_kwargs = {{"return_full_text", full}}});
    EXPECT_THAT(refusal<std::invalid_argument>([&] { other.warm_up(); }),
                AllOf(HasSubstr("'return_full_text' belongs to the task 'text-generation'"), HasSubstr("Remove it")));
  }
}

class RunningGenerator : public testing::Test {
  void SetUp() override { BERTH_NEEDS_MODEL(); }
};

TEST_F(RunningGenerator, ContinuesAPrompt) {
  auto parameters = local_model();
  parameters.generation_kwargs = {{"max_new_tokens", 6}};
  HuggingFaceLocalGenerator generator(std::move(parameters));
  const auto result = generator.run("The capital of France is");
  ASSERT_THAT(result.replies, SizeIs(1));
  EXPECT_THAT(result.replies[0], HasSubstr("Paris"));
  EXPECT_EQ(result.generation.completions[0].generated_tokens, 6U);
}

TEST_F(RunningGenerator, AnEmptyPromptGivesNoReplies) {
  HuggingFaceLocalGenerator generator(local_model());
  EXPECT_THAT(generator.run("").replies, IsEmpty());
}

TEST_F(RunningGenerator, ReturnFullTextPutsThePromptBefore) {
  HuggingFaceLocalGenerator generator(local_model());
  const auto result =
      generator.run("The capital of France is", {}, {{"max_new_tokens", 2}, {"return_full_text", true}});
  EXPECT_THAT(result.replies[0], StartsWith("The capital of France is "));
}

TEST_F(RunningGenerator, StopWordsAreRemovedWhereverTheyAreAndTheEndIsStripped) {
  auto parameters = local_model();
  parameters.stop_words = {"Paris", "capital"};
  parameters.generation_kwargs = {{"max_new_tokens", 8}, {"return_full_text", true}};
  HuggingFaceLocalGenerator generator(std::move(parameters));
  EXPECT_EQ(generator.run("The capital of France is").replies[0], "The  of France is");
}

TEST_F(RunningGenerator, SamplesAreRepliesInOrder) {
  auto parameters = local_model();
  parameters.generation_kwargs = {
      {"max_new_tokens", 12}, {"do_sample", true}, {"seed", 1}, {"num_return_sequences", 3}, {"temperature", 1.5}};
  HuggingFaceLocalGenerator generator(std::move(parameters));
  const auto first = generator.run("Once upon a time").replies;
  ASSERT_THAT(first, SizeIs(3));
  EXPECT_EQ(generator.run("Once upon a time").replies, first);
  EXPECT_NE(first[0], first[1]);
}

TEST_F(RunningGenerator, StreamsOneReply) {
  std::vector<std::string> warnings;
  auto parameters = local_model();
  parameters.log = [&](LogLevel, std::string_view message) { warnings.emplace_back(message); };
  HuggingFaceLocalGenerator generator(std::move(parameters));
  std::string streamed;
  const auto result = generator.run(
      "The capital of France is", {.name = "", .call = [&](const StreamingChunk& chunk) { streamed += chunk.content; }},
      {{"max_new_tokens", 6}, {"do_sample", true}, {"num_return_sequences", 2}});
  EXPECT_THAT(result.replies, ElementsAre(streamed));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("num_return_sequences")));
}

TEST_F(RunningGenerator, WarmsUpOnceFromManyThreads) {
  std::atomic<int> loads = 0;
  auto parameters = local_model();
  parameters.progress = [&](float part) {
    if (part >= 1) ++loads;
    return true;
  };
  HuggingFaceLocalGenerator generator(std::move(parameters));
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 6; ++i) callers.emplace_back([&] { generator.warm_up(); });
  }
  generator.warm_up();
  EXPECT_EQ(loads, 1);
  EXPECT_NE(generator.loaded_model(), nullptr);
}

}  // namespace
}  // namespace berth
