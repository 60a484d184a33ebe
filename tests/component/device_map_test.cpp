/// Components over maps and strategies, as huggingface_pipeline_kwargs say them.
#include <gmock/gmock.h>

#include "berth/error.h"
#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
#include "berth/sentence_transformers_text_embedder.h"
#include "berth/simulated.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class MappedGenerator : public testing::Test {
 protected:
  void SetUp() override { BERTH_NEEDS_MODEL(); }

  static HuggingFaceLocalGenerator generator(Value::Object kwargs) {
    return HuggingFaceLocalGenerator({.model = test::model_path(),
                                      .task = "text-generation",
                                      .generation_kwargs = {{"max_new_tokens", 2}},
                                      .huggingface_pipeline_kwargs = std::move(kwargs)});
  }
};

TEST_F(MappedGenerator, RunsByAStrategyWithinItsBudget) {
  auto planned = generator(
      {{"device_map", "balanced"}, {"model_kwargs", Value::Object{{"max_memory", Value::Object{{"cpu", "400MiB"}}}}}});
  const auto dict = planned.to_dict();
  EXPECT_EQ(planned.run("One, two,", {}, {}).replies.size(), 1U);
  const auto model = planned.loaded_model();
  EXPECT_EQ(model->info().where(), "cpu");
  std::uint64_t bytes = 0;
  for (const auto& use : model->memory()) bytes += use.total();
  EXPECT_LE(bytes, 400ULL << 20);
  EXPECT_LE(model->context().n_ctx, 8192);
  EXPECT_EQ(planned.to_dict(), dict) << "what was planned is not what was asked for";
}

TEST_F(MappedGenerator, WithTooLittleMemorySaysWhatWouldHelpAndLoadsNothing) {
  auto planned = generator({{"device_map", "auto"}, {"max_memory", Value::Object{{"cpu", "50MiB"}}}});
  EXPECT_THAT(test::refusal<ModelDoesNotFit>([&] { planned.warm_up(); }), HasSubstr("the model does not fit"));
  EXPECT_EQ(planned.loaded_model(), nullptr);
}

TEST_F(MappedGenerator, RunsOverAMap) {
  auto mapped = generator({{"device_map", Value::Object{{"", "cpu"}, {"model.layers.29", "disk"}}}});
  EXPECT_EQ(mapped.run("One, two,", {}, {}).replies.size(), 1U);
  const auto& placement = mapped.loaded_model()->info().placement;
  ASSERT_EQ(placement.layers.size(), 2U);
  EXPECT_EQ(placement.layers[1], (LayerRun{29, 1, Device::disk()}));
}

TEST_F(MappedGenerator, AMapOfAnotherModelIsRefusedAtWarmUp) {
  auto mapped = generator({{"device_map", Value::Object{{"", "cpu"}, {"model.layers.30", "disk"}}}});
  EXPECT_THAT(test::refusal([&] { mapped.warm_up(); }),
              AllOf(HasSubstr("'model.layers.30'"), HasSubstr("does not have")));
}

TEST_F(MappedGenerator, KeepsBudgetsWithoutAMap) {
  auto small = generator({{"max_memory", Value::Object{{"cpu", "50MiB"}}}});
  EXPECT_THAT(test::refusal<ModelDoesNotFit>([&] { small.warm_up(); }), HasSubstr("the model does not fit"));
  auto on_cpu = generator({{"device", "cpu"}, {"max_memory", Value::Object{{"cpu", "50MiB"}}}});
  EXPECT_THAT(test::refusal<ModelDoesNotFit>([&] { on_cpu.warm_up(); }), HasSubstr("the model does not fit"));
  auto large = generator({{"max_memory", Value::Object{{"cpu", "400MiB"}}}});
  large.warm_up();
  std::uint64_t bytes = 0;
  for (const auto& use : large.loaded_model()->memory()) bytes += use.total();
  EXPECT_LE(bytes, 400ULL << 20);
}

TEST_F(MappedGenerator, BudgetsBesideAMapAreAProblem) {
  auto both = generator({{"device_map", Value::Object{{"", "cpu"}}}, {"max_memory", Value::Object{{"cpu", "1GiB"}}}});
  EXPECT_THAT(both.known_problem().value_or(""), HasSubstr("a map says itself what lies where"));
  EXPECT_THAT(test::refusal([&] { both.warm_up(); }), HasSubstr("`max_memory` is for a strategy"));
}

/// On a machine that need not exist; afterwards everything is on a CPU again, as the process stays on a simulated one.
class SimulatedGenerator : public MappedGenerator {
 protected:
  void TearDown() override { use_simulated(simulate("cpu:64GiB")); }
};

TEST_F(SimulatedGenerator, IsPlannedWhereNothingIsGivenAndOneDeviceIsTooSmall) {
  use_simulated(simulate("cpu:8GiB,cuda:760MiB"));
  for (const bool is_auto : {false, true}) {
    auto planned = is_auto ? generator({{"device", "auto"}}) : generator({});
    EXPECT_EQ(planned.device(), ComponentDevice(Device::gpu(0))) << "as Haystack would take it";
    planned.warm_up();
    EXPECT_EQ(planned.loaded_model()->info().where(), "cpu, cuda:0");
    ASSERT_NE(planned.device()->multiple(), nullptr) << "where it really is";
    EXPECT_EQ(planned.device()->multiple()->at("blk.0"), Device::cpu());
    EXPECT_EQ(planned.device()->multiple()->at("output"), Device::gpu(0));
  }
}

TEST_F(SimulatedGenerator, TellsWhereAStrategyPutIt) {
  use_simulated(simulate("cpu:8GiB,cuda:1GiB"));
  auto planned = generator({{"device_map", "auto"}});
  planned.warm_up();
  EXPECT_EQ(planned.device(), ComponentDevice(Device::gpu(0)));
}

TEST(AutoDevice, IsAsIfNothingWereGiven) {
  for (const auto& device : {Value("auto"), Value(Value::Object{{"type", "single"}, {"device", "auto"}})}) {
    const auto made = component_from_dict(Value::Object{{"type", SentenceTransformersTextEmbedder::type_name},
                                                        {"init_parameters", Value::Object{{"device", device}}}});
    const auto parameters = made->init_parameters();
    const auto none = component_from_dict(
        Value::Object{{"type", SentenceTransformersTextEmbedder::type_name}, {"init_parameters", Value::Object{}}});
    EXPECT_EQ(parameters, none->init_parameters());
  }
}

TEST_F(MappedGenerator, BudgetsThatMakeNoSenseAreRefusedAtOnce) {
  EXPECT_THAT(test::refusal([&] {
                generator({{"device_map", "auto"}, {"max_memory", Value::Object{{"cpu", "much"}}}});
              }),
              HasSubstr("much"));
}

}  // namespace
}  // namespace berth
