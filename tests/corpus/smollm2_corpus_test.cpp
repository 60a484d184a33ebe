/// The default model against transformers in float32: the same prompts, and the same answers as far as they are no
/// close call.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <vector>

#include "berth/huggingface_local_chat_generator.h"
#include "corpus/haystack_corpus.h"
#include "test_model.h"

namespace berth::corpus {
namespace {

/// Matrices of 4 bits times activations of 8 bits move scores against float32: a step whose best token leads by little may
/// go the other way, and everything after it with it. Of 89 recorded steps that were asked for one by one two go
/// the other way, with leads of 0.08 and 0.12; several times that leaves room for other prompts and processors.
constexpr double close_call = 0.5;

/// What the reference was asked, and what it answered.
struct Chat {
  std::vector<ChatMessage> messages;
  std::string prompt;
  std::size_t prompt_tokens;
  std::string answer;  // greedy, at most 40 tokens
  std::size_t answer_tokens;
  std::size_t sure_tokens;  // before the first close call

  bool is_sure() const { return sure_tokens == answer_tokens; }
};

std::vector<Chat> chats(const std::filesystem::path& file) {
  std::vector<Chat> all;
  const auto document = Value::from_json(read_text(file));
  for (const auto& each : document.as_object().at("chats").as_array()) {
    const auto& chat = each.as_object();
    const auto& greedy = chat.at("greedy_40").as_object();
    const auto& gaps = greedy.at("gap_of_best_logit").as_array();
    const auto doubt = std::ranges::find_if(gaps, [](const Value& gap) { return gap.as_double() < close_call; });
    Chat one{.messages = {},
             .prompt = chat.at("prompt").as_string(),
             .prompt_tokens = chat.at("prompt_ids").as_array().size(),
             .answer = greedy.at("text_skip_special").as_string(),
             .answer_tokens = greedy.at("token_ids").as_array().size(),
             .sure_tokens = static_cast<std::size_t>(doubt - gaps.begin())};
    for (const auto& message : chat.at("messages").as_array())
      one.messages.push_back({message.find("role")->as_string(), message.find("content")->as_string()});
    all.push_back(std::move(one));
  }
  return all;
}

/// With how many tokens of the reference `answer` starts.
std::size_t agreeing_tokens(const LoadedModel& model, const Chat& chat, const std::string& answer) {
  if (answer == chat.answer) return chat.answer_tokens;
  const auto differs = std::ranges::mismatch(chat.answer, answer).in1;
  const auto common = static_cast<std::size_t>(differs - chat.answer.begin());
  // Where the first n tokens end: a part of a token can count as several.
  std::vector<std::size_t> ends(model.count_tokens(chat.answer) + 1);
  for (std::size_t length = 1; length <= chat.answer.size(); ++length)
    for (auto n = model.count_tokens(chat.answer.substr(0, length)); n < ends.size(); ++n) ends[n] = length;
  return static_cast<std::size_t>(std::ranges::upper_bound(ends, common) - ends.begin()) - 1;
}

std::filesystem::path recorded() { return folder().parent_path() / "models" / "real_smollm2.expected.json"; }

/// Through the component, which has to ask what transformers was asked and to add nothing.
TEST(SmolLM2, AnswersAsTheReferenceDoes) {
  BERTH_NEEDS_CORPUS(recorded());
  BERTH_NEEDS_MODEL();
  HuggingFaceLocalChatGenerator generator({.model = test::model_path().string(),
                                           .task = "text-generation",
                                           .device = Device::cpu(),
                                           .generation_kwargs = {{"max_new_tokens", 40}}});
  generator.warm_up();
  const auto& model = *generator.loaded_model();
  std::size_t compared = 0;
  for (const auto& chat : chats(recorded())) {
    EXPECT_EQ(model.apply_chat_template(chat.messages).text(), chat.prompt);

    const auto reply = generator.run(chat.messages).replies.at(0);
    const auto answer = reply.text().value();
    const auto& usage = reply.meta().at("usage");
    EXPECT_EQ(*usage.find("prompt_tokens"), Value(chat.prompt_tokens));

    const auto agreeing = agreeing_tokens(model, chat, answer);
    std::cout << agreeing << " of " << chat.answer_tokens << " tokens as in float32, at least " << chat.sure_tokens
              << " expected\n";
    EXPECT_GE(agreeing, chat.sure_tokens) << answer;
    compared += chat.sure_tokens;
    if (chat.is_sure()) {
      EXPECT_EQ(answer, chat.answer);
      EXPECT_EQ(*usage.find("completion_tokens"), Value(chat.answer_tokens));
    }
  }
  EXPECT_GE(compared, 10U) << "the chats compare too little to mean anything";
}

}  // namespace
}  // namespace berth::corpus
