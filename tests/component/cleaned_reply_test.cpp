#include "component/cleaned_reply.h"

#include <gtest/gtest.h>

#include <tuple>

#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
#include "component/local_model.h"
#include "json_file.h"
#include "own_cache.h"

namespace berth {
namespace {

TEST(CleanedReply, IsWhatThePipelineOfTransformersMakes) {
  const auto recorded = test::json_file("generators/cleaned.json");
  std::size_t changed = 0;
  for (const auto& text : recorded.find("texts")->as_array()) {
    const auto& [prompt, reply, wanted] = std::tie(text.as_array()[0], text.as_array()[1], text.as_array()[2]);
    EXPECT_EQ(cleaned_reply(prompt.as_string(), reply.as_string()), wanted.as_string()) << text.to_json();
    changed += reply == wanted ? 0 : 1;
  }
  EXPECT_GE(changed, 100U);
}

TEST(CleanedReply, GoesByTheTaskWhereNothingIsSaid) {
  const auto reply = [](std::string task, std::optional<bool> cleans) {
    const LocalModel model({.model = "m", .task = task, .tasks = {task}, .device = Device::cpu()});
    return model.reply("So ", ". Yes , sir", {.options = {}, .clean_up_spaces = cleans});
  };
  EXPECT_EQ(reply("text-generation", {}), " Yes, sir");
  EXPECT_EQ(reply("text-generation", false), ". Yes , sir");
  EXPECT_EQ(reply("text2text-generation", {}), ". Yes , sir");
  EXPECT_EQ(reply("text2text-generation", true), ". Yes, sir");  // the prompt is not before it
}

Value replies_of(const std::vector<std::string>& texts) { return Value::Array(texts.begin(), texts.end()); }

TEST(CleanedReply, GeneratorsReplyAsHaystackDoes) {
  const test::OwnCache cache;
  const std::string model = BERTH_TEST_DATA_DIR "/generators/phi";
  const Value::Object options = {{"max_new_tokens", 20}};
  HuggingFaceLocalGenerator plain({.model = model, .device = Device::cpu(), .token = {}, .generation_kwargs = options});
  HuggingFaceLocalChatGenerator chat({.model = model,
                                      .device = Device::cpu(),
                                      .token = {},
                                      .chat_template = "{{ messages[0].content }}",
                                      .generation_kwargs = options});
  const auto recorded = test::json_file("generators/cleaned.json");
  for (const auto& each : recorded.find("replies")->as_array()) {
    SCOPED_TRACE(each.to_json());
    const auto& prompt = each.find("prompt")->as_string();
    const auto& kwargs = each.find("generation_kwargs")->as_object();
    EXPECT_EQ(replies_of(plain.run(prompt, {}, kwargs).replies), *each.find("replies"));
    if (kwargs.contains("return_full_text")) continue;
    EXPECT_EQ(replies_of({*chat.run({ChatMessage::from_user(prompt)}, kwargs).replies.at(0).text()}),
              *each.find("replies"));
  }
}

}  // namespace
}  // namespace berth
