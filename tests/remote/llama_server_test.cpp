/// The remote generators and a real service.
#include "remote/llama_server.h"

#include <gmock/gmock.h>

#include "berth/azure_openai_chat_generator.h"
#include "berth/azure_openai_generator.h"
#include "berth/error.h"
#include "berth/openai_chat_generator.h"
#include "berth/openai_generator.h"
#include "weather_tool.h"

namespace berth {
namespace {
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class LlamaServer : public testing::Test {
 protected:
  void SetUp() override {
    BERTH_NEEDS_LLAMA_SERVER();
    server_.emplace();
  }

  OpenAIChatGeneratorParameters parameters(Value::Object generation_kwargs = {}) const {
    if (!generation_kwargs.contains("max_tokens")) generation_kwargs.set("max_tokens", 12);
    generation_kwargs.set("temperature", 0);
    return {.api_key = Secret::from_token(test::LlamaServer::key),
            .model = "smollm2",
            .api_base_url = server_->openai_url(),
            .generation_kwargs = std::move(generation_kwargs)};
  }

  static std::vector<ChatMessage> ask(OpenAIChatGeneratorParameters parameters, const std::string& text = question) {
    OpenAIChatGenerator generator(std::move(parameters));
    return from_value<std::vector<ChatMessage>>(run_component(generator, {{"messages", text}}).at("replies"));
  }

  static inline const std::string question = "What is the capital of France?";
  std::optional<test::LlamaServer> server_;
};

TEST_F(LlamaServer, Answers) {
  const auto reply = ask(parameters()).at(0);
  EXPECT_FALSE(reply.text().value().empty());
  EXPECT_EQ(reply.meta().at("model"), Value("smollm2"));
  EXPECT_EQ(reply.meta().at("finish_reason"), Value("length"));
  EXPECT_EQ(*reply.meta().at("usage").find("completion_tokens"), Value(12));
  EXPECT_GT(reply.meta().at("usage").find("prompt_tokens")->as_int(), 5);
}

TEST_F(LlamaServer, StreamsTheSame) {
  const auto whole = ask(parameters()).at(0);
  std::string text;
  std::size_t chunks = 0;
  auto streaming = parameters({{"stream_options", Value::Object{{"include_usage", true}}}});
  streaming.streaming_callback = {.name = "", .call = [&](const StreamingChunk& chunk) {
                                    text += chunk.content;
                                    ++chunks;
                                  }};
  const auto reply = ask(streaming).at(0);
  EXPECT_EQ(reply.text(), whole.text());
  EXPECT_EQ(text, whole.text());
  EXPECT_GT(chunks, 5);
  EXPECT_EQ(reply.meta().at("finish_reason"), whole.meta().at("finish_reason"));
  EXPECT_EQ(*reply.meta().at("usage").find("total_tokens"), *whole.meta().at("usage").find("total_tokens"));
}

TEST_F(LlamaServer, EndsBeforeAStopWord) {
  const auto whole = ask(parameters()).at(0).text().value();
  const auto word = whole.substr(whole.rfind(' '));
  const auto reply = ask(parameters({{"stop", Value::Array{word}}})).at(0);
  EXPECT_EQ(reply.text(), whole.substr(0, whole.find(word)));
  EXPECT_EQ(reply.meta().at("finish_reason"), Value("stop"));
}

TEST_F(LlamaServer, KeepsToASchema) {
  const auto schema = Value::from_json(R"({"type": "json_schema", "json_schema": {"name": "answer", "schema": {
    "type": "object", "properties": {"city": {"type": "string", "maxLength": 12}}, "required": ["city"]}}})");
  const auto reply = ask(parameters({{"response_format", schema}, {"max_tokens", 64}})).at(0);
  EXPECT_NE(Value::from_json(reply.text().value()).find("city"), nullptr);
}

TEST_F(LlamaServer, RefusesAWrongKeyWithoutShowingIt) {
  auto wrong = parameters();
  wrong.api_key = Secret::from_token("sk-not-of-this-server");
  try {
    ask(wrong);
    ADD_FAILURE() << "it went well";
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.status(), 401);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("Invalid API Key"), Not(HasSubstr("sk-not"))));
  }
}

TEST_F(LlamaServer, TellsWhatIsWrongWithARequest) {
  try {
    ask(parameters({{"response_format", Value::Object{{"type", "poem"}}}}));
    ADD_FAILURE() << "it went well";
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.status(), 400);
    EXPECT_THAT(error.what(), HasSubstr("response_format"));
  }
}

TEST_F(LlamaServer, AnswersUnderThePathsOfAzure) {
  unsetenv("AZURE_OPENAI_API_KEY");
  const auto token = Secret::from_token(test::LlamaServer::key);
  const Value::Object kwargs{{"max_tokens", 12}, {"temperature", 0}};
  AzureOpenAIChatGenerator chat({.azure_endpoint = server_->azure_url(),
                                 .azure_deployment = test::LlamaServer::deployment,
                                 .azure_ad_token = token,
                                 .generation_kwargs = kwargs});
  const auto replies =
      from_value<std::vector<ChatMessage>>(run_component(chat, {{"messages", question}}).at("replies"));
  EXPECT_EQ(replies.at(0).text(), ask(parameters()).at(0).text());

  AzureOpenAIGenerator text({.azure_endpoint = server_->azure_url(),
                             .azure_deployment = test::LlamaServer::deployment,
                             .azure_ad_token = token,
                             .generation_kwargs = kwargs});
  EXPECT_EQ(run_component(text, {{"prompt", question}}).at("replies"), Value(Value::Array{*replies.at(0).text()}));
}

TEST_F(LlamaServer, GivesTextsAndTheirMeta) {
  const auto given = parameters();
  OpenAIGenerator generator({.api_key = given.api_key,
                             .model = given.model,
                             .api_base_url = given.api_base_url,
                             .generation_kwargs = given.generation_kwargs});
  const auto outputs = run_component(generator, {{"prompt", question}});
  EXPECT_EQ(outputs.at("replies"), Value(Value::Array{ask(given).at(0).text().value()}));
  EXPECT_EQ(*outputs.at("meta").as_array().at(0).find("finish_reason"), Value("length"));
}

/// With a chat template that knows tools.
class LlamaServerTools : public testing::Test {
 protected:
  void SetUp() override {
    BERTH_NEEDS_LLAMA_SERVER();
    server_.emplace(test::tools_template);
  }

  /// The reply to a question for the weather of Berlin, with "tool_choice" and, in the second turn, what the tool said.
  ChatMessage reply(const std::vector<ChatMessage>& messages, const std::string& tool_choice,
                    std::function<void(const StreamingChunk&)> on_chunk = {}) const {
    OpenAIChatGenerator generator(
        {.api_key = Secret::from_token(test::LlamaServer::key),
         .model = "smollm2",
         .streaming_callback = {.name = "", .call = std::move(on_chunk)},
         .api_base_url = server_->openai_url(),
         .generation_kwargs = Value::Object{{"max_tokens", 64}, {"temperature", 0}, {"tool_choice", tool_choice}},
         .tools = test::weather_tool()});
    const auto replies = run_component(generator, {{"messages", to_value(messages)}}).at("replies");
    return from_value<std::vector<ChatMessage>>(replies).at(0);
  }

  static void expect_call(const ChatMessage& reply) {
    ASSERT_EQ(reply.tool_calls().size(), 1U) << reply.text().value_or("");
    const auto call = *reply.tool_call();
    EXPECT_EQ(call.tool_name, "weather");
    EXPECT_EQ(Value(call.arguments), Value(Value::Object{{"city", "Berlin"}}));
    EXPECT_FALSE(call.id.value_or("").empty());
    EXPECT_EQ(reply.meta().at("finish_reason"), Value("tool_calls"));
  }

  std::vector<ChatMessage> messages_ = test::question_for_the_weather("Berlin");
  std::optional<test::LlamaServer> server_;
};

TEST_F(LlamaServerTools, AreCalledAndTheirResultsTaken) {
  const auto call = reply(messages_, "required");
  ASSERT_NO_FATAL_FAILURE(expect_call(call));
  messages_.push_back(call);
  messages_.push_back(ChatMessage::from_tool("Rain", *call.tool_call()));
  const auto answer = reply(messages_, "none");
  EXPECT_TRUE(answer.tool_calls().empty());
  EXPECT_FALSE(answer.text().value_or("").empty());
}

TEST_F(LlamaServerTools, AreCalledInAStream) {
  std::string arguments;
  std::vector<std::string> names;
  const auto call = reply(messages_, "required", [&](const StreamingChunk& chunk) {
    for (const auto& delta : chunk.tool_calls) {
      arguments += delta.arguments.value_or("");
      if (delta.tool_name) names.push_back(*delta.tool_name);
    }
  });
  ASSERT_NO_FATAL_FAILURE(expect_call(call));
  EXPECT_THAT(names, testing::ElementsAre("weather"));
  EXPECT_EQ(Value::from_json(arguments), Value(call.tool_call()->arguments));
}

}  // namespace
}  // namespace berth
