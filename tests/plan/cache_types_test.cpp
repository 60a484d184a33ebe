#include "plan/memory/cache_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "berth/inventory.h"
#include "berth/plan.h"
#include "plan/small_model.h"
#include "refusal.h"

namespace berth::plan {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

ModelProfile model_with_heads_of(int elements) {
  return test::small_model("llama", {{"attention.key_length", elements}, {"attention.value_length", elements}});
}

ContextSpec with_types(const std::string& keys, const std::string& values) {
  return {.n_ctx = 1024, .type_k = keys, .type_v = values};
}

TEST(CacheTypes, AreThoseThatTheEngineHasKernelsFor) {
  EXPECT_EQ(cache_type_problem(model_with_heads_of(64), with_types("Q8_0", "q4_0")), "");
  EXPECT_THAT(cache_type_problem(model_with_heads_of(64), with_types("Q4_K", "F16")),
              HasSubstr("type_k is 'Q4_K'; the types of a cache are F32, F16"));
}

TEST(CacheTypes, HaveTheirOwnNamesInPlans) {
  const auto plan = make_plan(model_with_heads_of(64), simulate("cpu:1GiB"), {.context = with_types("q8_0", "f16")});
  EXPECT_EQ(plan.context.type_k, "Q8_0");
  EXPECT_EQ(plan.context.type_v, "F16");
  EXPECT_EQ(cache_type_named("iq4_nl"), "IQ4_NL");
  EXPECT_EQ(cache_type_named("q4_K"), "q4_K") << "no type of caches";
}

TEST(CacheTypes, HaveBlocksThatFitIntoAHead) {
  EXPECT_THAT(cache_type_problem(model_with_heads_of(80), with_types("Q8_0", "F16")),
              HasSubstr("type_k is 'Q8_0', whose blocks of 32 elements do not divide the 80 of a head"));
  EXPECT_THAT(cache_type_problem(model_with_heads_of(80), with_types("F16", "Q4_0")), HasSubstr("type_v is 'Q4_0'"));
  EXPECT_EQ(cache_type_problem(model_with_heads_of(96), with_types("Q8_0", "Q8_0")), "");
}

TEST(CacheTypes, OfValuesNeedFlashAttentionWhereTheyAreQuantized) {
  auto context = with_types("F16", "Q8_0");
  context.flash_attention = FlashAttention::off;
  EXPECT_THAT(cache_type_problem(model_with_heads_of(64), context), HasSubstr("needs flash attention"));
  EXPECT_THAT(cache_type_problem(test::small_model("grok"), with_types("F16", "Q8_0")),
              HasSubstr("needs flash attention"));
}

TEST(CacheTypes, AreOneWhereKeysAndValuesAre) {
  const auto model =
      test::small_model("deepseek2", {{"attention.key_length_mla", 64}, {"attention.value_length_mla", 64}});
  EXPECT_THAT(cache_type_problem(model, with_types("F16", "Q8_0")), HasSubstr("take the same"));
  EXPECT_EQ(cache_type_problem(model, with_types("Q8_0", "Q8_0")), "");
}

TEST(CacheTypes, ThatTheEngineRefusesAreNeitherPlannedNorProposed) {
  const auto model = model_with_heads_of(80);
  EXPECT_THAT(test::refusal([&] { make_plan(model, simulate("cpu:1GiB"), {.context = with_types("Q8_0", "Q8_0")}); }),
              HasSubstr("do not divide the 80"));
  const auto proposed = [](const ModelProfile& profile) {
    return make_plan(profile, simulate("cpu:64MiB"), {.context = {.n_ctx = 32768}}).changes;
  };
  EXPECT_THAT(proposed(model_with_heads_of(64)), Contains(Field(&PlanChange::what, "cache_type")));
  EXPECT_THAT(proposed(model), Not(Contains(Field(&PlanChange::what, "cache_type"))));
}

}  // namespace
}  // namespace berth::plan
