#include "berth/huggingface_local_chat_generator.h"

#include <gmock/gmock.h>

#include "test_model.h"

namespace berth {
namespace {

using testing::HasSubstr;

HuggingFaceLocalChatGenerator::Parameters local_model() {
  return {.model = test::model_path().string(),
          .task = "text-generation",
          .device = Device::cpu(),
          .generation_kwargs = {{"max_new_tokens", 8}}};
}

TEST(HuggingFaceLocalChatGenerator, AnswersAConversation) {
  BERTH_NEEDS_MODEL();
  HuggingFaceLocalChatGenerator generator(local_model());
  const auto result = generator.run({ChatMessage::from_user("Write one sentence about the sea.")});
  ASSERT_EQ(result.replies.size(), 1U);
  const auto& reply = result.replies[0];
  EXPECT_TRUE(reply.is_from(ChatRole::assistant));
  EXPECT_FALSE(reply.text()->empty());
  EXPECT_EQ(reply.meta().at("index"), Value(0));
  EXPECT_EQ(reply.meta().at("finish_reason"), Value("length"));
  EXPECT_EQ(*reply.meta().at("usage").find("prompt_tokens"), Value(37));
  EXPECT_EQ(*reply.meta().at("usage").find("completion_tokens"), Value(8));
}

TEST(HuggingFaceLocalChatGenerator, TakesATextForAMessageAndStreams) {
  BERTH_NEEDS_MODEL();
  auto parameters = local_model();
  std::string streamed;
  parameters.streaming_callback.call = [&](const StreamingChunk& chunk) { streamed += chunk.content; };
  HuggingFaceLocalChatGenerator generator(std::move(parameters));
  const auto outputs = run_component(generator, {{"messages", "Write one sentence about the sea."}});
  const auto replies = from_value<std::vector<ChatMessage>>(outputs.at("replies"));
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(*replies[0].text(), streamed);
}

TEST(HuggingFaceLocalChatGenerator, SharesTheWeightsOfAModelThatIsLoaded) {
  BERTH_NEEDS_MODEL();
  HuggingFaceLocalChatGenerator one(local_model());
  HuggingFaceLocalChatGenerator other(local_model());
  EXPECT_GT(one.load_bytes(), 80'000'000U);
  one.warm_up();
  other.warm_up();
  EXPECT_EQ(one.loaded_model(), other.loaded_model());
  EXPECT_EQ(one.load_bytes(), 0U);
}

/// As Qwen's and others' models are told of tools.
constexpr auto tool_template =
    "{% if tools %}<|im_start|>system\nYou call functions. You have these:\n{% for tool in tools %}{{ tool | tojson "
    "}}\n"
    "{% endfor %}<|im_end|>\n{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.tool_calls %}<tool_call>\n{\"name\": \"{{ m.tool_calls[0].function.name }}\", \"arguments\": "
    "{{ m.tool_calls[0].function.arguments | tojson }}}\n</tool_call>{% else %}{{ m.content }}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

TEST(HuggingFaceLocalChatGenerator, OffersToolsThroughTheChatTemplateAndReadsTheCall) {
  BERTH_NEEDS_MODEL();
  auto parameters = local_model();
  parameters.chat_template = tool_template;
  parameters.generation_kwargs = {{"max_new_tokens", 48}};
  parameters.tools = std::vector<std::variant<Tool, Toolset>>{Tool{
      .name = "weather",
      .description = "Tells the weather of a city.",
      .parameters = Value::from_json(R"({"type": "object", "properties": {"city": {"type": "string"}}})").as_object()}};
  HuggingFaceLocalChatGenerator generator(std::move(parameters));
  std::vector<ChatMessage> messages;
  for (const auto* city : {"Oslo", "Rome", "Paris"}) {  // so small a model has to see it done
    const ToolCall call{.tool_name = "weather", .arguments = {{"city", city}}, .id = "1"};
    messages.push_back(ChatMessage::from_user(std::string("What is the weather in ") + city + "?"));
    messages.push_back(ChatMessage::from_assistant(std::nullopt, {}, {}, {call}));
    messages.push_back(ChatMessage::from_tool("Sun", call));
    messages.push_back(ChatMessage::from_assistant("The sun shines."));
  }
  messages.push_back(ChatMessage::from_user("What is the weather in Berlin?"));
  const auto reply = generator.run(messages).replies.at(0);
  ASSERT_EQ(reply.tool_calls().size(), 1U) << reply.text().value_or("");
  EXPECT_EQ(reply.tool_calls()[0].tool_name, "weather");
  EXPECT_EQ(Value(reply.tool_calls()[0].arguments), Value(Value::Object{{"city", "Berlin"}}));
  EXPECT_EQ(reply.meta().at("finish_reason"), Value("tool_calls"));

  auto with_result = messages;
  with_result.push_back(reply);
  with_result.push_back(ChatMessage::from_tool("Rain", reply.tool_calls()[0]));
  const auto answer = generator.run(with_result).replies.at(0);
  EXPECT_TRUE(answer.tool_calls().empty());
  EXPECT_FALSE(answer.text().value_or("").empty());
}

TEST(HuggingFaceLocalChatGenerator, RefusesImages) {
  BERTH_NEEDS_MODEL();
  HuggingFaceLocalChatGenerator generator(local_model());
  EXPECT_THROW(generator.run({ChatMessage(
                   ChatRole::user, {TextContent{"What is this?"}, ImageContent{.base64_image = "iVBORw0KGgo="}})}),
               std::invalid_argument);
}

TEST(HuggingFaceLocalChatGenerator, RefusesToolsWhileStreaming) {
  HuggingFaceLocalChatGenerator::Parameters parameters{.model = "m", .task = "text-generation"};
  parameters.streaming_callback.call = [](const StreamingChunk&) {};
  parameters.tools = std::vector<std::variant<Tool, Toolset>>{Tool{.name = "weather"}};
  try {
    HuggingFaceLocalChatGenerator generator(std::move(parameters));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::invalid_argument& problem) {
    EXPECT_THAT(problem.what(), HasSubstr("Using tools and streaming at the same time is not supported."));
  }
}

}  // namespace
}  // namespace berth
