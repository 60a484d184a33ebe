/// The default model against transformers in float32: the same prompts, and the same answers as far as they are no
/// close call.
#include <gtest/gtest.h>

#include "berth/engine.h"
#include "corpus/haystack_corpus.h"
#include "test_model.h"

namespace berth::corpus {
namespace {

/// Matrices of 4 bits times activations of 8 bits move scores by a few tenths against float32: a step whose best token
/// leads by less may go the other way, and everything after it with it.
constexpr double close_call = 0.5;

/// How many tokens are decided by more than a close call.
std::size_t sure_steps(const Value& gaps) {
  std::size_t n = 0;
  while (n < gaps.as_array().size() && gaps.as_array()[n].as_double() >= close_call) ++n;
  return n;
}

/// The longest start of `text` that is at most `n` tokens.
std::string first_tokens(const LoadedModel& model, const std::string& text, std::size_t n) {
  std::size_t length = 0;
  for (std::size_t i = 1; i <= text.size(); ++i)
    if (model.count_tokens(text.substr(0, i)) <= n) length = i;
  return text.substr(0, length);
}

TEST(SmolLM2, AnswersAsTheReferenceDoes) {
  const auto file = folder().parent_path() / "models" / "real_smollm2.expected.json";
  BERTH_NEEDS_CORPUS(file);
  BERTH_NEEDS_MODEL();
  const auto model = engine("llama.cpp").load({.model = test::model_path(), .device = Device::cpu()});
  const auto document = Value::from_json(read_text(file));
  std::size_t compared = 0;
  for (const auto& chat : document.as_object().at("chats").as_array()) {
    std::vector<ChatMessage> messages;
    for (const auto& message : chat.as_object().at("messages").as_array())
      messages.push_back({message.find("role")->as_string(), message.find("content")->as_string()});
    const auto prompt = model->apply_chat_template(messages);
    EXPECT_EQ(prompt.text(), chat.as_object().at("prompt").as_string());
    EXPECT_EQ(model->count_tokens(prompt), chat.as_object().at("prompt_ids").as_array().size());

    const auto& greedy = chat.as_object().at("greedy_40").as_object();
    const auto steps = sure_steps(greedy.at("gap_of_best_logit"));
    const auto expected = first_tokens(*model, greedy.at("text_skip_special").as_string(), steps);
    const auto answer = model->new_session()->generate({.prompts = {prompt}, .options = {.max_new_tokens = 40}});
    EXPECT_TRUE(answer.completions[0].text.starts_with(expected))
        << "expected to start with: " << expected << "\nanswer: " << answer.completions[0].text;
    compared += steps;
    if (steps == greedy.at("token_ids").as_array().size()) {
      EXPECT_EQ(answer.completions[0].text, greedy.at("text_skip_special").as_string());
      EXPECT_EQ(answer.completions[0].generated_tokens, steps);
    }
  }
  EXPECT_GE(compared, 10U) << "the chats compare too little to mean anything";
}

}  // namespace
}  // namespace berth::corpus
