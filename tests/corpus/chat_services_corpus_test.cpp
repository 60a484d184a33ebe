// Every answer of chat services that are almost compatible, through a generator and a server that replays it.
#include <gmock/gmock.h>

#include <exception>
#include <string>
#include <vector>

#include "berth/error.h"
#include "berth/openai_chat_generator.h"
#include "corpus/haystack_corpus.h"
#include "remote/fault_server.h"

namespace berth::corpus {
namespace {

struct Reply {
  ChatMessage message;
  std::string streamed_text;
};

Reply reply_to(const Value& answer, const test::FaultServer& server) {
  Reply reply;
  OpenAIChatGeneratorParameters parameters{
      .api_key = Secret::from_token("key"), .model = "m", .api_base_url = server.url("/replay"), .max_retries = 0};
  parameters.generation_kwargs = Value::Object{{"extra_body", Value::Object{{"replay", answer}}}};
  const bool streamed = *answer.find("streamed") == Value(true);
  if (streamed)
    parameters.streaming_callback = {
        .name = "", .call = [&](const StreamingChunk& chunk) { reply.streamed_text += chunk.content; }};
  OpenAIChatGenerator generator(parameters);
  const auto replies = run_component(generator, {{"messages", "Hello?"}}).at("replies");
  reply.message = from_value<std::vector<ChatMessage>>(replies).at(0);
  if (!streamed) reply.streamed_text = reply.message.text().value_or("");
  return reply;
}

void check(const ChatMessage& message, const Value::Object& expected) {
  for (const auto& [name, value] : expected) {
    if (name == "text") {
      EXPECT_EQ(message.text(), value.as_string());
    } else if (name == "reasoning") {
      EXPECT_TRUE(message.reasoning().has_value());
      EXPECT_EQ(message.reasoning().value_or(ReasoningContent{}).reasoning_text, value.as_string());
    } else if (name == "finish_reason") {
      EXPECT_EQ(message.meta().at("finish_reason"), value);
    } else if (name == "tool_calls") {
      Value::Array calls;
      for (const auto& call : message.tool_calls())
        calls.push_back(Value::Object{{"tool_name", call.tool_name}, {"arguments", call.arguments}});
      EXPECT_EQ(Value(calls), value);
    } else {
      ADD_FAILURE() << "this test does not know what is expected as " << name;
    }
  }
}

TEST(ChatServices, AreUnderstoodAsFarAsTheyCanBe) {
  const auto file = folder().parent_path() / "faults" / "chat_services.json";
  BERTH_NEEDS_CORPUS(file);
  const test::FaultServer server;
  const auto cases = Value::from_json(read_text(file));
  ASSERT_FALSE(cases.as_array().empty());
  for (const auto& answer : cases.as_array()) {
    SCOPED_TRACE(answer.find("name")->as_string());
    const auto& expected = answer.find("expected")->as_object();
    const bool is_error = expected.contains("error");
    try {
      const auto reply = reply_to(answer, server);
      EXPECT_FALSE(is_error) << "an answer where there should be an error: " << reply.message.to_dict();
      EXPECT_EQ(reply.streamed_text, reply.message.text().value_or(""));
      if (!is_error) check(reply.message, expected);
    } catch (const RemoteError& error) {
      EXPECT_TRUE(is_error) << error.what();
    }
  }
}

}  // namespace
}  // namespace berth::corpus
