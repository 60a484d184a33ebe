/// Tokens chosen by scores that are looked at in llama.cpp's graph are those that copies of the scores give.
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "berth/engine.h"
#include "berth/memory.h"
#include "berth/model.h"
#include "engine/llama/llama_session.h"
#include "random_values.h"
#include "test_model.h"

namespace berth::llama {
namespace {

/// A session that makes its text beside the computation is for other devices, and has no taps.
constexpr auto with_taps = LlamaSession::TextTime::before_next_token;
constexpr auto without_taps = LlamaSession::TextTime::beside_next_token;

class TapsOfScores : public testing::TestWithParam<ContextSpec> {
 protected:
  void SetUp() override { BERTH_NEEDS_MODEL(); }

  static std::shared_ptr<const LlamaModel> load(const ContextSpec& context) {
    return std::dynamic_pointer_cast<const LlamaModel>(
        engine("llama.cpp").load({.model = test::model_path(), .device = Device::cpu(), .context = context}));
  }

  static GenerationRequest random_request(test::Random& random) {
    const auto one_of = [&](auto... values) {
      return std::array{values...}[static_cast<std::size_t>(random.below(3))];
    };
    GenerationRequest request{.prompts = {}, .options = {.max_new_tokens = 1 + random.below(5)}};
    request.options.do_sample = random.coin();
    request.options.seed = static_cast<std::uint32_t>(random.below(1000));
    request.options.temperature = one_of(0.3, 1.0, 2.0);
    request.options.top_k = one_of(0, 1, 50);
    request.options.top_p = one_of(1.0, 0.9, 0.3);
    request.options.min_p = one_of(0.0, 0.0, 0.1);
    request.options.repetition_penalty = one_of(1.0, 1.0, 1.3);
    if (request.options.do_sample) request.options.num_return_sequences = 1 + random.below(2);
    for (int prompts = 1 + random.below(3); prompts > 0; --prompts) {
      std::string text = "The";
      for (int words = random.below(40); words > 0; --words) text += one_of(" sea", " number", " of it");
      request.prompts.emplace_back(text);
    }
    return request;
  }

  static std::map<std::size_t, std::vector<std::int32_t>> tokens(LlamaSession& session,
                                                                 const GenerationRequest& request) {
    std::map<std::size_t, std::vector<std::int32_t>> chosen;
    session.generate(request, {.on_token = [&](auto index, auto token) { chosen[index].push_back(token); }});
    return chosen;
  }
};

TEST_P(TapsOfScores, GiveTheTokensThatCopiesGive) {
  const auto model = load(GetParam());
  LlamaSession taps(model, {.n_threads = 2}, with_taps);
  LlamaSession copies(model, {.n_threads = 2}, without_taps);
  test::Random random;
  for (int round = 0; round < 8; ++round) {
    const auto request = random_request(random);
    EXPECT_EQ(tokens(taps, request), tokens(copies, request)) << "round " << round;
  }
}

TEST_P(TapsOfScores, HoldWhatIsPlannedForThem) {
  const auto model = load(GetParam());
  const LlamaSession session(model, {.n_threads = 2, .reserve = true}, with_taps);
  const auto profile = read_model(test::model_path());
  const auto planned =
      memory_of(profile, placement_of(profile, Device::cpu()), GetParam(), generation_options(GetParam()));
  const auto held = model->memory();
  ASSERT_EQ(planned.size(), 1U);
  EXPECT_EQ(held[0].compute, planned[0].compute);
  EXPECT_EQ(held[0].cache, planned[0].cache);
}

INSTANTIATE_TEST_SUITE_P(Contexts, TapsOfScores,
                         testing::Values(ContextSpec{.n_ctx = 1024, .n_seq = 6, .unified = true},
                                         ContextSpec{.n_ctx = 1536, .n_seq = 6},
                                         ContextSpec{.n_ctx = 1536, .n_seq = 6, .n_batch = 48, .n_ubatch = 16},
                                         ContextSpec{.n_ctx = 512, .n_seq = 1}));

}  // namespace
}  // namespace berth::llama
