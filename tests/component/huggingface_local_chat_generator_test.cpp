#include "berth/huggingface_local_chat_generator.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "test_model.h"
#include "weather_tool.h"

namespace berth {
namespace {

using testing::HasSubstr;

HuggingFaceLocalChatGenerator::Parameters chat_model() {
  return {.model = test::model_path().string(),
          .task = "text-generation",
          .device = Device::cpu(),
          .generation_kwargs = {{"max_new_tokens", 8}}};
}

TEST(HuggingFaceLocalChatGenerator, AnswersAConversation) {
  BERTH_NEEDS_MODEL();
  HuggingFaceLocalChatGenerator generator(chat_model());
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
  auto parameters = chat_model();
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
  HuggingFaceLocalChatGenerator one(chat_model());
  HuggingFaceLocalChatGenerator other(chat_model());
  EXPECT_GT(one.load_use().at(0).weights, 80'000'000U);
  one.warm_up();
  other.warm_up();
  EXPECT_EQ(one.loaded_model(), other.loaded_model());
  EXPECT_TRUE(one.load_use().empty());
}

TEST(HuggingFaceLocalChatGenerator, OffersToolsThroughTheChatTemplateAndReadsTheCall) {
  BERTH_NEEDS_MODEL();
  auto parameters = chat_model();
  std::ostringstream chat_template;
  chat_template << std::ifstream(test::tools_template).rdbuf();
  parameters.chat_template = chat_template.str();
  parameters.generation_kwargs = {{"max_new_tokens", 48}};
  parameters.tools = test::weather_tool();
  HuggingFaceLocalChatGenerator generator(std::move(parameters));
  auto messages = test::question_for_the_weather("Berlin");
  const auto reply = generator.run(messages).replies.at(0);
  ASSERT_EQ(reply.tool_calls().size(), 1U) << reply.text().value_or("");
  EXPECT_EQ(reply.tool_calls()[0].tool_name, "weather");
  EXPECT_EQ(Value(reply.tool_calls()[0].arguments), Value(Value::Object{{"city", "Berlin"}}));
  EXPECT_EQ(reply.meta().at("finish_reason"), Value("tool_calls"));

  messages.push_back(reply);
  messages.push_back(ChatMessage::from_tool("Rain", reply.tool_calls()[0]));
  const auto answer = generator.run(messages).replies.at(0);
  EXPECT_TRUE(answer.tool_calls().empty());
  EXPECT_FALSE(answer.text().value_or("").empty());
}

TEST(HuggingFaceLocalChatGenerator, RefusesImages) {
  BERTH_NEEDS_MODEL();
  HuggingFaceLocalChatGenerator generator(chat_model());
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

const Value& kwargs_of(const Value& written) {
  return *written.find("init_parameters")->find("huggingface_pipeline_kwargs");
}

TEST(HuggingFaceLocalChatGenerator, HoldsATaskThatItCannotRun) {
  for (const auto* task : {"image-text-to-text"}) {
    HuggingFaceLocalChatGenerator generator({.model = "m", .task = task, .device = Device::cpu(), .token = {}});
    const auto written = generator.to_dict();
    EXPECT_EQ(*kwargs_of(written).find("task"), Value(task));
    EXPECT_EQ(written.find("init_parameters")->find("generation_kwargs")->find("return_full_text"), nullptr);
    EXPECT_EQ(component_from_dict(written)->to_dict(), written);
    EXPECT_THAT(generator.known_problem().value_or(""), HasSubstr(task));
    EXPECT_THROW(generator.warm_up(), std::invalid_argument);
  }
  EXPECT_THROW(HuggingFaceLocalChatGenerator({.model = "m", .task = "summarization"}), std::invalid_argument);
}

// What Haystack 3.4 with transformers-haystack 2.0 writes.
TEST(TransformersChatGenerator, IsTheSameUnderItsNameInHaystack3) {
  const auto written = Value::from_json(R"({
    "type": "haystack_integrations.components.generators.transformers.chat.chat_generator.TransformersChatGenerator",
    "init_parameters": {"huggingface_pipeline_kwargs": {"model": "Qwen/Qwen3-0.6B", "device": "cpu"},
      "generation_kwargs": {"max_new_tokens": 512, "stop_sequences": []}, "streaming_callback": null,
      "token": {"type": "env_var", "env_vars": ["HF_API_TOKEN", "HF_TOKEN"], "strict": false}, "chat_template": null,
      "tools": null, "tool_parsing_function":
      "haystack_integrations.components.generators.transformers.chat.chat_generator.default_tool_parser",
      "enable_thinking": false}})");
  const auto generator = component_from_dict(written);
  EXPECT_EQ(generator->to_dict(), written);
  EXPECT_EQ(generator->known_problem(), std::nullopt);
  EXPECT_EQ(component_class(generator->type()).type, HuggingFaceLocalChatGenerator::type_name);

  auto other = written;
  auto& kwargs =
      other.as_object().find("init_parameters")->as_object().find("huggingface_pipeline_kwargs")->as_object();
  kwargs.set("task", "image-text-to-text");
  EXPECT_EQ(component_from_dict(other)->to_dict(), other);
  EXPECT_NE(component_from_dict(other)->known_problem(), std::nullopt);
}

TEST(TransformersChatGenerator, AnswersWithoutATask) {
  BERTH_NEEDS_MODEL();
  auto parameters = chat_model();
  parameters.task.reset();
  parameters.transformers = true;
  HuggingFaceLocalChatGenerator generator(parameters);
  EXPECT_EQ(kwargs_of(generator.to_dict()).find("task"), nullptr);
  EXPECT_EQ(generator.run({ChatMessage::from_user("Write one sentence about the sea.")}).replies.size(), 1U);
}

}  // namespace
}  // namespace berth
