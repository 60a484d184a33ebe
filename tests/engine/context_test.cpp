/// The context that a model is loaded with: what it bounds, and what is held.
#include <gmock/gmock.h>

#include "berth/engine.h"
#include "berth/error.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using test::refusal;
using testing::AllOf;
using testing::HasSubstr;

// Of the default model: 30 layers, 3 heads of 64 numbers each for keys and for values, two bytes a number.
constexpr std::uint64_t cell_bytes = 30ULL * 2 * 3 * 64 * 2;

std::shared_ptr<const LoadedModel> load(const std::optional<ContextSpec>& context) {
  return engine("llama.cpp").load({.model = test::model_path(), .context = context});
}

DeviceUse use_of(const LoadedModel& model) {
  const auto uses = model.memory();
  EXPECT_EQ(uses.size(), 1U);
  EXPECT_EQ(uses[0].device, Device::cpu());
  EXPECT_EQ(uses[0].pool, "ram");
  return uses[0];
}

std::string words(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "word ";
  return text;
}

class Context : public testing::Test {
  void SetUp() override { BERTH_NEEDS_MODEL(); }
};

TEST_F(Context, IsTheTrainedLengthForSixtyFourSequencesByDefault) {
  const auto model = load(std::nullopt);
  EXPECT_EQ(model->context(), (ContextSpec{.n_ctx = 8192, .n_seq = 64, .unified = true}));
}

TEST_F(Context, HoldsTheWeightsBeforeAnySession) {
  const auto model = load(std::nullopt);
  const auto use = use_of(*model);
  EXPECT_GE(use.weights, model->info().weight_bytes);
  EXPECT_LT(use.weights, 2 * model->info().weight_bytes);
  EXPECT_EQ(use.cache, 0U);
  EXPECT_EQ(use.compute, 0U);
}

TEST_F(Context, BeginsSmallAndGrowsToWhatItWasLoadedWithAndNoFurther) {
  const auto model = load(ContextSpec{.n_ctx = 512});
  auto session = model->new_session();
  EXPECT_EQ(use_of(*model).cache, 0U) << "nothing is held before the first request";
  session->generate({.prompts = {"short"}, .options = {.max_new_tokens = 4}});
  EXPECT_EQ(use_of(*model).cache, 256 * cell_bytes);
  const auto result = session->generate({.prompts = {words(500)}, .options = {.max_new_tokens = 4000}});
  EXPECT_EQ(use_of(*model).cache, 512 * cell_bytes);
  EXPECT_EQ(result.completions[0].prompt_tokens + result.completions[0].generated_tokens, 512U);
  EXPECT_GT(use_of(*model).compute, 1'000'000U);

  const auto second = model->new_session({.n_ctx = 500});
  second->generate({.prompts = {"short"}, .options = {.max_new_tokens = 1}});
  EXPECT_EQ(use_of(*model).cache, (512 + 512) * cell_bytes) << "sessions share the weights, not the cache";
  session.reset();
  EXPECT_EQ(use_of(*model).cache, 512 * cell_bytes);
}

TEST_F(Context, RefusesAPromptBeyondItWithWhatItNeeds) {
  const auto prompt = words(600);
  const auto ask = [&](const ContextSpec& spec) {
    return refusal([&] { load(spec)->new_session()->generate({.prompts = {prompt}}); });
  };
  EXPECT_THAT(ask({.n_ctx = 512}),
              AllOf(HasSubstr("601 tokens long"), HasSubstr("loaded with 512"), HasSubstr("at least 602")));
  EXPECT_THAT(ask({.n_ctx = 1024, .n_seq = 2}),
              AllOf(HasSubstr("loaded with 512 for each of 2 sequences"), HasSubstr("at least 1204")));
}

TEST_F(Context, WithAPartForEachSequenceGivesTheSameAnswers) {
  GenerationRequest request{.prompts = {"One, two, three,", "Monday, Tuesday,"}, .options = {.max_new_tokens = 8}};
  const auto shared = load(ContextSpec{.n_ctx = 512, .n_seq = 2, .unified = true})->new_session()->generate(request);
  const auto model = load(ContextSpec{.n_ctx = 512, .n_seq = 2});
  const auto session = model->new_session();
  const auto apart = session->generate(request);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(apart.completions[i].text, shared.completions[i].text);
  EXPECT_EQ(use_of(*model).cache, 512 * cell_bytes);

  request.prompts.resize(1);
  request.options = {.max_new_tokens = 8, .do_sample = true, .top_k = 1, .num_return_sequences = 2};
  const auto samples = session->generate(request);
  EXPECT_EQ(samples.completions[0].text, samples.completions[1].text) << "both go on from the same prompt";
}

TEST_F(Context, HoldsAsMuchForEachSequenceAsWasPlanned) {
  const ContextSpec context{.n_ctx = 1027, .n_seq = 4};  // no multiple of the sequences, nor of the engine's 256 cells
  const auto profile = read_model(test::model_path());
  const auto planned = memory_of(profile, placement_of(profile, Device::cpu()), context, generation_options(context));
  const auto model = load(context);
  const auto session = model->new_session({.reserve = true});
  EXPECT_EQ(use_of(*model).cache, 2048 * cell_bytes);
  EXPECT_EQ(use_of(*model).cache, planned[0].cache);
}

TEST_F(Context, OfOneSequenceComputesSeveralPromptsOneAfterTheOther) {
  const auto model = load(ContextSpec{.n_ctx = 256});
  const auto session = model->new_session();
  const auto result = session->generate({.prompts = {"One,", "Two,", "Three,"}, .options = {.max_new_tokens = 3}});
  ASSERT_EQ(result.completions.size(), 3U);
  for (const auto& completion : result.completions) EXPECT_EQ(completion.generated_tokens, 3U);
  EXPECT_EQ(use_of(*model).cache, 256 * cell_bytes);
}

TEST_F(Context, TypesOfTheCacheReachTheEngine) {
  const auto cache = [](const ContextSpec& spec) {
    const auto model = load(spec);
    const auto session = model->new_session();
    session->generate({.prompts = {"Hello"}, .options = {.max_new_tokens = 2}});
    return use_of(*model).cache;
  };
  EXPECT_EQ(cache({.n_ctx = 256}), 256 * cell_bytes);
  EXPECT_EQ(cache({.n_ctx = 256, .type_k = "F32", .type_v = "F32", .flash_attention = FlashAttention::off}),
            512 * cell_bytes);
  EXPECT_EQ(cache({.n_ctx = 256, .type_k = "Q8_0", .type_v = "Q8_0"}), 256 * cell_bytes * 34 / 64)
      << "32 numbers take 34 bytes";
}

TEST_F(Context, BatchesReachTheEngine) {
  const auto compute = [](int n_batch, int n_ubatch) {
    const auto model = load(ContextSpec{.n_ctx = 512, .n_batch = n_batch, .n_ubatch = n_ubatch});
    const auto session = model->new_session();
    session->generate({.prompts = {words(300)}, .options = {.max_new_tokens = 2}});
    return use_of(*model).compute;
  };
  EXPECT_LT(compute(64, 64), compute(512, 512));
}

TEST_F(Context, ThatCannotBeIsRefusedBeforeLoading) {
  EXPECT_THAT(refusal([] { load(ContextSpec{.n_seq = 0}); }), HasSubstr("n_seq must be from 1 to"));
  EXPECT_THAT(refusal([] { load(ContextSpec{.n_batch = 1 << 30}); }), HasSubstr("n_batch"));
  EXPECT_THAT(refusal([] { load(ContextSpec{.n_ubatch = 0}); }), HasSubstr("n_ubatch"));
  EXPECT_THAT(refusal([] { load(ContextSpec{.type_k = "Q6_K"}); }), AllOf(HasSubstr("type_k"), HasSubstr("Q8_0")));
  EXPECT_THAT(refusal([] { load(ContextSpec{.type_v = "Q8_0", .flash_attention = FlashAttention::off}); }),
              HasSubstr("flash attention"));
  EXPECT_THAT(refusal([] { load(ContextSpec{.n_ctx = 256})->new_session({.n_ctx = 512}); }),
              HasSubstr("from 0 to 256"));
}

}  // namespace
}  // namespace berth
