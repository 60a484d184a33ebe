/// Components over maps and strategies, as huggingface_pipeline_kwargs say them.
#include <gmock/gmock.h>

#include "berth/error.h"
#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
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
  auto planned = generator({{"device_map", "balanced"}, {"model_kwargs", Value::Object{{"max_memory", Value::Object{{"cpu", "400MiB"}}}}}});
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
  EXPECT_THAT(test::refusal([&] { mapped.warm_up(); }), AllOf(HasSubstr("'model.layers.30'"), HasSubstr("does not have")));
}

TEST_F(MappedGenerator, BudgetsThatMakeNoSenseAreRefusedAtOnce) {
  EXPECT_THAT(test::refusal([&] {
                generator({{"device_map", "auto"}, {"max_memory", Value::Object{{"cpu", "much"}}}});
              }),
              HasSubstr("much"));
}

}  // namespace
}  // namespace berth
