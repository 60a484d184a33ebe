/// Text made beside the computation of the next token is the same as text made before it.
#include <gmock/gmock.h>

#include "berth/engine.h"
#include "engine/llama/llama_session.h"
#include "test_model.h"

namespace berth::llama {
namespace {
using TextTime = LlamaSession::TextTime;

class TextBesideComputation : public testing::Test {
 protected:
  void SetUp() override { BERTH_NEEDS_MODEL(); }

  static const std::shared_ptr<const LlamaModel>& model() {
    static const auto loaded = std::dynamic_pointer_cast<const LlamaModel>(
        engine("llama.cpp").load({.model = test::model_path(), .device = Device::cpu()}));
    return loaded;
  }

  struct Outcome {
    std::vector<std::string> texts;
    std::vector<std::string> streamed;
    std::vector<std::size_t> tokens;
    std::vector<FinishReason> reasons;

    bool operator==(const Outcome&) const = default;
  };

  /// Asks for a stop after `chunks` chunks.
  static Outcome run(LlamaSession& session, const GenerationRequest& request, std::size_t chunks = 1000) {
    std::stop_source stop;
    Outcome outcome;
    outcome.streamed.resize(request.prompts.size());
    const GenerationContext call{.on_chunk =
                                     [&](const StreamingChunk& chunk) {
                                       outcome.streamed.at(chunk.index) += chunk.content;
                                       if (--chunks == 0) stop.request_stop();
                                     },
                                 .stop = stop.get_token()};
    for (const auto& completion : session.generate(request, call).completions) {
      outcome.texts.push_back(completion.text);
      outcome.tokens.push_back(completion.generated_tokens);
      outcome.reasons.push_back(completion.finish_reason);
    }
    EXPECT_EQ(outcome.streamed, outcome.texts);
    return outcome;
  }

  static GenerationRequest counting(std::vector<std::string> stop_words = {}) {
    return {.prompts = {"one two three four five six", "Monday Tuesday Wednesday"},
            .options = {.max_new_tokens = 9, .stop_words = std::move(stop_words)}};
  }
};

TEST_F(TextBesideComputation, GivesWhatTextBeforeItGives) {
  LlamaSession before(model(), {.n_threads = 2}, TextTime::before_next_token);
  LlamaSession beside(model(), {.n_threads = 2}, TextTime::beside_next_token);
  for (const auto& request :
       {counting(), counting({"eight"}), counting({" nine", "Friday"}), counting({"t ni"}),
        counting({" seven", " Thursday"}), GenerationRequest{.prompts = {"Hello"}, .options = {.max_new_tokens = 1}},
        GenerationRequest{.prompts = {"Hello"}, .options = {.max_new_tokens = 2, .stop_words = {"e"}}}})
    EXPECT_EQ(run(before, request), run(beside, request));
}

TEST_F(TextBesideComputation, AStopRequestKeepsWhatWasGenerated) {
  LlamaSession before(model(), {.n_threads = 2}, TextTime::before_next_token);
  LlamaSession beside(model(), {.n_threads = 2}, TextTime::beside_next_token);
  for (const std::size_t chunks : {1, 2, 3}) {
    auto request = counting();
    request.prompts.pop_back();
    const auto outcome = run(beside, request, chunks);
    EXPECT_EQ(outcome, run(before, request, chunks));
    EXPECT_EQ(outcome.reasons[0], FinishReason::cancelled);
  }
}

TEST_F(TextBesideComputation, AStopWordThatIsFoundLateLeavesAContextThatCanBeUsedAgain) {
  LlamaSession fresh(model(), {.n_threads = 2}, TextTime::before_next_token);
  LlamaSession session(model(), {.n_threads = 2, .reuse_prefix = true}, TextTime::beside_next_token);
  auto request = counting();
  request.prompts.pop_back();
  const std::string text = run(fresh, request).texts[0];
  const std::string stop_word = text.substr(text.size() / 2, 3);
  request.options.stop_words = {stop_word};
  const auto first = run(session, request);
  EXPECT_EQ(first.reasons[0], FinishReason::stop_word);
  GenerationRequest next{.prompts = {request.prompts[0].text() + first.texts[0] + stop_word + " and"},
                         .options = {.max_new_tokens = 3}};
  EXPECT_EQ(run(session, next), run(fresh, next));
}

TEST_F(TextBesideComputation, ACallbackThatThrowsLeavesTheSessionUsable) {
  LlamaSession session(model(), {.n_threads = 2}, TextTime::beside_next_token);
  auto request = counting();
  int chunks = 0;
  const auto stop_at_fourth = [&](const auto&) {
    if (++chunks == 4) throw std::runtime_error("enough");
  };
  EXPECT_THROW(session.generate(request, {.on_chunk = stop_at_fourth}), std::runtime_error);
  LlamaSession fresh(model(), {.n_threads = 2}, TextTime::beside_next_token);
  EXPECT_EQ(run(session, counting()), run(fresh, counting()));
}

}  // namespace
}  // namespace berth::llama
