/// The remote generators and a service on a bad day.
#include <gmock/gmock.h>

#include <cstdlib>
#include <thread>

#include "berth/azure_openai_chat_generator.h"
#include "berth/azure_openai_generator.h"
#include "berth/error.h"
#include "berth/openai_chat_generator.h"
#include "berth/openai_generator.h"
#include "remote/fault_server.h"

namespace berth {
namespace {
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string key = "sk-berth-0123456789";

class Chat : public testing::Test {
 protected:
  OpenAIChatGeneratorParameters at(const std::string& path) {
    return {.api_key = Secret::from_token(key),
            .model = "m",
            .api_base_url = server.url(path),
            .max_retries = 0,
            .log = [this](LogLevel, std::string_view message) { warnings.emplace_back(message); }};
  }

  std::vector<ChatMessage> ask(OpenAIChatGeneratorParameters parameters, Value::Object inputs = {}) {
    OpenAIChatGenerator generator(std::move(parameters));
    if (!inputs.contains("messages")) inputs.set("messages", "Hello?");
    return from_value<std::vector<ChatMessage>>(run_component(generator, inputs).at("replies"));
  }

  StreamingCallback collector() {
    return {.name = "", .call = [this](const StreamingChunk& chunk) { chunks.push_back(chunk); }};
  }
  ChatMessage ask_streaming(const std::string& path) {
    auto parameters = at(path);
    parameters.streaming_callback = collector();
    return ask(std::move(parameters)).at(0);
  }
  std::string streamed_text() const {
    std::string text;
    for (const auto& chunk : chunks) text += chunk.content;
    return text;
  }

  /// The reply to an answer of this body.
  ChatMessage replayed(const std::string& body, bool streamed) {
    const Value answer = Value::Object{{"status", 200}, {"headers", Value::Object{}}, {"chunks", Value::Array{body}}};
    auto parameters = at("/replay");
    if (streamed) parameters.streaming_callback = collector();
    parameters.generation_kwargs = Value::Object{{"extra_body", Value::Object{{"replay", answer}}}};
    return ask(std::move(parameters)).at(0);
  }

  template <class Call>
  static std::string failure(Call&& call) {
    try {
      call();
    } catch (const RemoteError& error) {
      return error.what();
    }
    return "it went well";
  }

  /// The body of the last request.
  Value asked() const { return Value::from_json(server.log().back().find("body")->as_string()); }

  test::FaultServer server;
  std::vector<StreamingChunk> chunks;
  std::vector<std::string> warnings;
};

TEST_F(Chat, GivesTheReplyAndWhatIsKnownOfIt) {
  const auto replies = ask(at("/ok"));
  ASSERT_EQ(replies.size(), 1);
  EXPECT_EQ(replies[0].text(), "Hello");
  EXPECT_EQ(replies[0].role(), ChatRole::assistant);
  EXPECT_EQ(Value(replies[0].meta()), Value::from_json(R"({"model": "the-model", "index": 0, "finish_reason": "stop",
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}})"));
}

TEST_F(Chat, SendsTheConversationAsOpenAIWantsIt) {
  const std::vector<ChatMessage> messages = {{"system", "Be brief."}, {"user", "Grüße?"}};
  auto parameters = at("/ok");
  parameters.organization = "org";
  parameters.generation_kwargs = Value::Object{{"temperature", 0.5}, {"top_p", 1}};
  ask(parameters, {{"messages", to_value(messages)}, {"generation_kwargs", Value::Object{{"temperature", 1.5}}}});
  EXPECT_EQ(asked(), Value::from_json(R"({"model": "m", "messages": [{"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Grüße?"}], "temperature": 1.5, "top_p": 1, "stream": false})"));
  const auto request = server.log().back();
  EXPECT_EQ(request.find("path")->as_string(), "/ok/chat/completions");
  EXPECT_EQ(request.find("headers")->find("authorization")->as_string(), "Bearer " + key);
  EXPECT_EQ(request.find("headers")->find("openai-organization")->as_string(), "org");
}

TEST_F(Chat, HandsOnWhatOtherServicesUnderstand) {
  ask(at("/ok"), {{"generation_kwargs", Value::Object{{"extra_body", Value::Object{{"top_k", 7}}},
                                                      {"extra_headers", Value::Object{{"X-Tenant", "t"}}}}}});
  EXPECT_EQ(*asked().find("top_k"), Value(7));
  EXPECT_EQ(asked().find("extra_body"), nullptr);
  EXPECT_EQ(server.log().back().find("headers")->find("x-tenant")->as_string(), "t");
}

TEST_F(Chat, AsksNobodyWithoutMessages) {
  EXPECT_THAT(ask(at("/ok"), {{"messages", Value::Array{}}}), IsEmpty());
  EXPECT_TRUE(server.log().empty());
}

TEST_F(Chat, GivesSeveralReplies) {
  const auto replies = ask(at("/ok"), {{"generation_kwargs", Value::Object{{"n", 3}}}});
  ASSERT_EQ(replies.size(), 3);
  EXPECT_EQ(replies[2].meta().at("index"), Value(2));
}

TEST_F(Chat, StreamsOneReplyOnly) {
  auto parameters = at("/ok");
  parameters.streaming_callback = collector();
  EXPECT_THROW(ask(parameters, {{"generation_kwargs", Value::Object{{"n", 2}}}}), std::invalid_argument);
  EXPECT_TRUE(server.log().empty());
}

TEST_F(Chat, StreamsWhatItGives) {
  const auto reply = ask_streaming("/ok");
  EXPECT_EQ(*asked().find("stream"), Value(true));
  EXPECT_EQ(reply.text(), "Grüße aus 🚢");
  EXPECT_EQ(streamed_text(), "Grüße aus 🚢");
  EXPECT_EQ(reply.meta().at("finish_reason"), Value("stop"));
  EXPECT_EQ(reply.meta().at("usage").to_json(), R"({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7})");
  EXPECT_EQ(reply.meta().at("completion_start_time"), chunks.at(0).meta.at("received_at"));
  EXPECT_FALSE(chunks.at(0).start);
  EXPECT_TRUE(chunks.at(1).start);
  EXPECT_EQ(chunks.at(4).finish_reason, "stop");
}

TEST_F(Chat, StreamsTheSameWhereverTheBytesAreCut) {
  const auto reply = ask_streaming("/byte_by_byte");
  EXPECT_EQ(reply.text(), "Grüße aus 🚢");
  EXPECT_EQ(chunks.size(), 6);
  EXPECT_EQ(chunks.at(1).content, "Grüße");
}

TEST_F(Chat, TheCallbackOfARunWins) {
  auto parameters = at("/ok");
  parameters.streaming_callback = {.name = "", .call = [](const StreamingChunk&) { ADD_FAILURE(); }};
  ask(parameters, {{"streaming_callback", to_value(collector())}});
  EXPECT_EQ(streamed_text(), "Grüße aus 🚢");
}

TEST_F(Chat, PutsToolCallsTogether) {
  const auto reply = ask_streaming("/tools");
  EXPECT_EQ(reply.text(), std::nullopt);
  EXPECT_THAT(reply.tool_calls(), ElementsAre(ToolCall{"weather", {{"city", "Hamburg"}}, "call_0"},
                                              ToolCall{"time", {{"zone", "CET"}}, "call_1"}));
  EXPECT_EQ(reply.meta().at("finish_reason"), Value("tool_calls"));
  EXPECT_EQ(chunks.at(1).tool_calls.at(0), (ToolCallDelta{.index = 0, .tool_name = "weather", .id = "call_0"}));
  EXPECT_TRUE(chunks.at(1).start);
  EXPECT_EQ(chunks.at(6).index, 1);
  EXPECT_THAT(warnings, ElementsAre(AllOf(HasSubstr("Tool call ID: call_2"), HasSubstr(R"(Arguments: {"a": )"))));
}

TEST_F(Chat, GivesToolCallsAndWarnsOfThoseThatAreNone) {
  const auto replies = ask(at("/tools"));
  EXPECT_THAT(replies.at(0).tool_calls(), ElementsAre(ToolCall{"weather", {{"city", "Hamburg"}}, "call_weather"}));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("Tool name: broken")));
}

TEST_F(Chat, TellsTheModelItsTools) {
  const Tool tool{.name = "f",
                  .description = "d",
                  .parameters = Value::from_json(R"({"type": "object", "properties": {"a": {"type": "object",
                    "properties": {"b": {"type": "integer"}}}, "c": {"type": "array", "items": {"type": "object"}}},
                    "$defs": {"x": {"type": "object"}}, "anyOf": [{"type": "object"}, {"type": "null"}]})")
                                    .as_object()};
  auto parameters = at("/ok");
  parameters.tools = Toolset{.tools = {tool}};
  ask(parameters);
  EXPECT_EQ(*asked().find("tools"),
            Value(Value::Array{Value::Object{
                {"type", "function"},
                {"function", Value::Object{{"name", "f"}, {"description", "d"}, {"parameters", tool.parameters}}}}}));
  ask(parameters, {{"tools_strict", true}});
  EXPECT_EQ(
      *asked().find("tools")->as_array().at(0).find("function"),
      Value::from_json(
          R"({"name": "f", "description": "d", "strict": true, "parameters": {"type": "object", "additionalProperties": false,
      "required": ["a", "c"], "properties": {
        "a": {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"], "additionalProperties": false},
        "c": {"type": "array", "items": {"type": "object", "additionalProperties": false}}},
      "$defs": {"x": {"type": "object", "additionalProperties": false}},
      "anyOf": [{"type": "object", "additionalProperties": false}, {"type": "null"}]}})"));
}

TEST_F(Chat, AStreamThatBreaksIsAnError) {
  EXPECT_THAT(failure([&] { ask_streaming("/cut"); }), HasSubstr("Connection error"));
  EXPECT_EQ(streamed_text(), "Grüße aus 🚢") << "what came was handed on";
  EXPECT_THAT(failure([&] { ask_streaming("/ends_early"); }), HasSubstr("The stream ended before the reply did"));
  EXPECT_THAT(failure([&] { ask_streaming("/event_error"); }), HasSubstr("overloaded"));
  EXPECT_THAT(failure([&] { ask_streaming("/event_not_json"); }), HasSubstr("The answer is not JSON"));
}

TEST_F(Chat, AStreamThatBreaksKeepsItsText) {
  for (const auto* path : {"/cut", "/ends_early", "/event_error"}) {
    try {
      ask_streaming(path);
      ADD_FAILURE() << path << " went well";
    } catch (const RemoteError& error) {
      EXPECT_EQ(error.text_so_far(), "Grüße aus 🚢") << path;
      EXPECT_THAT(error.what(), HasSubstr("the text so far: Grüße aus 🚢")) << path;
    }
  }
}

TEST_F(Chat, AConnectionMayBreakBehindTheEndOfAReply) {
  for (const auto* path : {"/cut_after_done", "/cut_after_finish"}) {
    chunks.clear();
    EXPECT_EQ(ask_streaming(path).text(), "Grüße aus 🚢") << path;
    EXPECT_EQ(streamed_text(), "Grüße aus 🚢") << path;
  }
}

TEST_F(Chat, SaysWhatCameInsteadOfAStream) {
  EXPECT_THAT(failure([&] { replayed("<html>busy</html>", true); }),
              HasSubstr("neither events nor JSON: it begins with '<html>busy</html>'"));
  EXPECT_THAT(failure([&] { replayed("", true); }), HasSubstr("it is empty"));
  EXPECT_THAT(failure([&] { replayed("<html>busy</html>", false); }), HasSubstr("it begins with '<html>busy</html>'"));
  EXPECT_THAT(failure([&] { replayed(R"({"detail": "no such model"})", false); }), HasSubstr("no such model"));
}

TEST_F(Chat, UnderstandsAnAnswerAtOnceAsItDoesAStream) {
  const auto reply = replayed(R"({"choices": [{"delta": {"content": "Hello", "tool_calls": [null,
    {"id": 7, "name": "weather", "arguments": {"place": "Oslo"}}, {"id": "b", "function": {"name": null}}]},
    "finish_reason": "tool_calls", "finish_reason": "stop", "logprobs": {"a": [-Infinity, NaN]}}]})",
                              false);
  EXPECT_EQ(reply.text(), "Hello");
  EXPECT_THAT(reply.tool_calls(), testing::ElementsAre(ToolCall{"weather", {{"place", "Oslo"}}, "7"}));
  EXPECT_THAT(warnings, testing::ElementsAre(HasSubstr("without a name")));
  EXPECT_EQ(reply.meta().at("finish_reason"), Value("stop"));
  EXPECT_EQ(reply.meta().at("logprobs").to_json(), R"({"a": [null, null]})");
  EXPECT_EQ(replayed(R"({"choices": [{"text": "Hello"}]})", false).text(), "Hello");
}

TEST_F(Chat, TakesAnAnswerThatIsNotStreamedAndOneThatIs) {
  const auto whole = replayed(R"({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]})", true);
  EXPECT_EQ(whole.text(), "Hello");
  EXPECT_EQ(streamed_text(), "Hello");
  const auto events = replayed(
      "data: {\"choices\": [{\"delta\": {\"content\": \"Hel\"}}]}\n\n"
      "data: {\"choices\": [{\"delta\": {\"content\": \"lo\"}, \"finish_reason\": \"stop\"}]}\n\n",
      false);
  EXPECT_EQ(events.text(), "Hello");
  EXPECT_THAT(failure([&] { replayed("data: {\"choices\": [{\"delta\": {\"content\": \"Hel\"}}]}\n\n", false); }),
              HasSubstr("The stream ended before the reply did; the text so far: Hel"));
}

TEST_F(Chat, AnAnswerThatMakesNoSenseIsAnError) {
  EXPECT_THAT(failure([&] { ask(at("/not_json")); }), HasSubstr("The answer is not JSON"));
  for (const auto* shape : {"0", "1", "2", "3", "4", "5", "6"})
    EXPECT_THAT(failure([&] { ask(at(std::string("/wrong_shape/") + shape)); }),
                HasSubstr("The answer is no chat completion"))
        << shape;
  for (const auto* shape : {"0", "1", "2", "3", "7", "8"})
    EXPECT_THAT(failure([&] { ask_streaming(std::string("/wrong_shape/") + shape); }), Not(HasSubstr("it went well")))
        << shape;
}

TEST_F(Chat, NeverShowsTheKey) {
  for (const auto* path : {"/echo", "/echo/text", "/echo/success"})
    EXPECT_THAT(failure([&] { ask(at(path)); }), AllOf(Not(HasSubstr(key)), Not(HasSubstr("it went well")))) << path;
  EXPECT_THAT(failure([&] { ask_streaming("/echo/event"); }), AllOf(HasSubstr("Bearer ***"), Not(HasSubstr(key))));
}

TEST_F(Chat, TriesAgainAsOftenAsTheParametersSay) {
  auto parameters = at("/flaky/503/2/0.01");
  parameters.max_retries = 2;
  EXPECT_EQ(ask(parameters).at(0).text(), "Hello");
  EXPECT_EQ(server.log().size(), 3);
}

TEST_F(Chat, ACallbackThatThrowsEndsTheRun) {
  auto parameters = at("/ok");
  parameters.streaming_callback = {.name = "",
                                   .call = [](const StreamingChunk&) { throw std::invalid_argument("mine"); }};
  try {
    ask(parameters);
    ADD_FAILURE() << "it went well";
  } catch (const std::invalid_argument& problem) {
    EXPECT_STREQ(problem.what(), "mine");
  }
}

TEST_F(Chat, ARequestToStopGivesWhatCame) {
  std::stop_source stop;
  auto parameters = at("/silent_in_the_middle");
  parameters.streaming_callback = {.name = "", .call = [&](const StreamingChunk& chunk) {
                                     chunks.push_back(chunk);
                                     if (chunk.content == " aus") stop.request_stop();
                                   }};
  OpenAIChatGenerator generator(parameters);
  const auto outputs = run_component(generator, {{"messages", "Hello?"}}, stop.get_token());
  const auto reply = from_value<std::vector<ChatMessage>>(outputs.at("replies")).at(0);
  EXPECT_EQ(reply.text(), "Grüße aus");
  EXPECT_EQ(reply.meta().at("finish_reason"), Value("cancelled"));
}

TEST_F(Chat, ARequestToStopBeforeAnythingCameGivesNothing) {
  std::stop_source stop;
  const std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop.request_stop();
  });
  OpenAIChatGenerator generator(at("/silent"));
  EXPECT_EQ(run_component(generator, {{"messages", "Hello?"}}, stop.get_token()).at("replies"), Value(Value::Array{}));
}

TEST_F(Chat, WarnsOfAReplyThatWasCut) {
  ask(at("/length"));
  EXPECT_THAT(warnings,
              ElementsAre(HasSubstr("The completion for index 0 has been truncated before reaching a natural")));
}

TEST_F(Chat, OfTextsHasTextsAndMeta) {
  OpenAIGenerator generator({.api_key = Secret::from_token(key),
                             .model = "m",
                             .api_base_url = server.url("/ok/"),
                             .system_prompt = "Be brief."});
  const auto outputs = run_component(generator, {{"prompt", "Hello?"}});
  EXPECT_EQ(outputs.at("replies"), Value(Value::Array{"Hello"}));
  EXPECT_EQ(*outputs.at("meta").as_array().at(0).find("finish_reason"), Value("stop"));
  EXPECT_EQ(asked().find("messages")->to_json(),
            R"([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}])");
  run_component(generator, {{"prompt", "Hello?"}, {"system_prompt", "Be long."}});
  EXPECT_EQ(asked().find("messages")->as_array().at(0).find("content")->as_string(), "Be long.");
}

TEST_F(Chat, WithAzureGoesToTheDeployment) {
  AzureOpenAIGenerator generator({.azure_endpoint = server.url("/"),
                                  .api_version = "2024-12-01-preview",
                                  .azure_deployment = "my model",
                                  .api_key = Secret::from_token(key),
                                  .azure_ad_token = std::nullopt,
                                  .default_headers = OrderedMap<std::string>{{"X-Team", "harbour"}}});
  EXPECT_EQ(run_component(generator, {{"prompt", "Hello?"}}).at("replies"), Value(Value::Array{"Hello"}));
  const auto request = server.log().back();
  EXPECT_EQ(request.find("path")->as_string(),
            "/openai/deployments/my%20model/chat/completions?api-version=2024-12-01-preview");
  EXPECT_EQ(request.find("headers")->find("api-key")->as_string(), key);
  EXPECT_EQ(request.find("headers")->find("authorization"), nullptr);
  EXPECT_EQ(request.find("headers")->find("x-team")->as_string(), "harbour");
  EXPECT_EQ(*asked().find("model"), Value("my model"));
}

TEST_F(Chat, WithAzureTakesATokenToo) {
  unsetenv("AZURE_OPENAI_API_KEY");
  AzureOpenAIChatGenerator generator({.azure_endpoint = server.url(""), .azure_ad_token = Secret::from_token(key)});
  run_component(generator, {{"messages", "Hello?"}});
  const auto request = server.log().back();
  EXPECT_EQ(request.find("headers")->find("authorization")->as_string(), "Bearer " + key);
  EXPECT_EQ(request.find("headers")->find("api-key"), nullptr);
  EXPECT_THAT(request.find("path")->as_string(), HasSubstr("/openai/deployments/gpt-4.1-mini/chat/completions"));
}

}  // namespace
}  // namespace berth
