#include "berth/chat_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "random_values.h"
#include "refusal.h"

namespace berth {
namespace {

using test::refusal;
using ResultParts = std::vector<std::variant<TextContent, ImageContent>>;

const ToolCall search{.tool_name = "search", .arguments = {{"q", "é"}}, .id = "1"};
const ImageContent png{.base64_image = "iVBORw0KGgo="};

std::string refusal_of_dict(Value dict) {
  return refusal([&] { (void)ChatMessage::from_dict(dict); });
}
std::string refusal_of_openai(Value dict) {
  return refusal([&] { (void)ChatMessage::from_openai(dict); });
}

TEST(ChatMessage, IsMadeOfARoleAndAText) {
  const ChatMessage message("user", "Hi");
  EXPECT_EQ(message, ChatMessage::from_user("Hi"));
  EXPECT_EQ(message.text(), "Hi");
  EXPECT_EQ(refusal([] { ChatMessage("x", "Hi"); }),
            "Unknown chat role 'x'. Supported roles are: ['user', 'system', 'assistant', 'tool']");
}

struct Forms {
  ChatMessage message;
  const char* dict;
  const char* openai;
};

TEST(ChatMessage, StandsInDictionariesAsHaystackAndOpenAiWriteIt) {
  const std::vector<Forms> all = {
      {ChatMessage::from_user("hi", {}, "n"),
       R"({"role": "user", "meta": {}, "name": "n", "content": [{"text": "hi"}]})",
       R"({"role": "user", "name": "n", "content": "hi"})"},
      {ChatMessage::from_assistant("t", {}, {}, {search}, ReasoningContent{"why"}),
       R"({"role": "assistant", "meta": {}, "name": null, "content": [{"reasoning": {"reasoning_text": "why", )"
       R"("extra": {}}}, {"text": "t"}, {"tool_call": {"tool_name": "search", "arguments": {"q": "é"}, "id": "1", )"
       R"("extra": null}}]})",
       R"({"role": "assistant", "content": "t", "tool_calls": [{"type": "function", "function": {"name": "search", )"
       R"("arguments": "{\"q\": \"é\"}"}, "id": "1"}]})"},
      {ChatMessage::from_tool("r", search),
       R"({"role": "tool", "meta": {}, "name": null, "content": [{"tool_call_result": {"result": "r", "origin": )"
       R"({"tool_name": "search", "arguments": {"q": "é"}, "id": "1", "extra": null}, "error": false}}]})",
       R"({"role": "tool", "content": "r", "tool_call_id": "1"})"},
      {ChatMessage::from_tool(ResultParts{TextContent{"r"}}, search, true),
       R"({"role": "tool", "meta": {}, "name": null, "content": [{"tool_call_result": {"result": [{"text": "r"}], )"
       R"("origin": {"tool_name": "search", "arguments": {"q": "é"}, "id": "1", "extra": null}, "error": true}}]})",
       R"({"role": "tool", "content": [{"type": "text", "text": "r"}], "tool_call_id": "1"})"},
      {ChatMessage::from_user(std::vector<ContentPart>{TextContent{"a"}, png}),
       R"({"role": "user", "meta": {}, "name": null, "content": [{"text": "a"}, {"image": {"base64_image": )"
       R"("iVBORw0KGgo=", "mime_type": "image/png", "detail": null, "meta": {}, "validation": true}}]})",
       R"({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": )"
       R"({"url": "data:image/png;base64,iVBORw0KGgo="}}]})"},
  };
  for (const auto& [message, dict, openai] : all) {
    EXPECT_EQ(message.to_dict().to_json(), dict);
    EXPECT_EQ(message.to_openai().to_json(), openai);
    EXPECT_EQ(ChatMessage::from_dict(message.to_dict()), message);
  }
}

TEST(ChatMessage, IsReadFromTheFormsOfEarlierHaystacks) {
  EXPECT_EQ(ChatMessage::from_dict(Value::from_json(R"({"role": "user", "content": "a", "name": null, "meta": {}})")),
            ChatMessage::from_user("a"));
  EXPECT_EQ(ChatMessage::from_dict(
                Value::from_json(R"({"_role": "user", "_content": [{"text": "a"}], "_name": "n", "_meta": {"m": 1}})")),
            ChatMessage::from_user("a", {{"m", 1}}, "n"));
}

TEST(ChatMessage, RefusesDictionariesWithHaystacksReasons) {
  EXPECT_THAT(refusal_of_dict(Value::Object{{"content", "x"}}),
              testing::StartsWith("The `role` field is required in the message dictionary. Expected a dictionary with "
                                  "'role' field containing one of: ['user', 'system', 'assistant', 'tool']."));
  EXPECT_EQ(refusal_of_dict(Value::Object{{"role", "x"}, {"content", "x"}}), "'x' is not a valid ChatRole");
  EXPECT_EQ(refusal_of_dict(Value::Object{{"role", "user"}}),
            "Missing 'content' or '_content' in serialized ChatMessage: `{'role': 'user'}`");
  EXPECT_EQ(refusal_of_dict(Value::Object{{"role", "user"}, {"content", 3}}),
            "Unsupported content type in serialized ChatMessage: `3`");
  EXPECT_THAT(refusal_of_dict(Value::Object{{"role", "user"}, {"content", Value::Array{Value::Object{{"foo", 1}}}}}),
              testing::StartsWith("Unsupported content part in the serialized ChatMessage: {'foo': 1}. "));
  EXPECT_THAT(refusal_of_dict(Value::from_json(R"({"role": "tool", "content": [{"tool_call_result": {"error": 1}}]})")),
              testing::HasSubstr("Received dictionary with keys ['error']"));
  EXPECT_EQ(refusal_of_dict(Value::from_json(R"({"role": "user", "content": [{"text": "a", "x": 1}]})")),
            "TextContent: there is no parameter 'x'; it has: text");
}

TEST(ChatMessage, IsReadFromMessagesOfOpenAi) {
  const auto read = [](const char* json) { return ChatMessage::from_openai(Value::from_json(json)); };
  EXPECT_EQ(read(R"({"role": "assistant", "content": "", "tool_calls": [{"id": "a", "function": {"name": "f", )"
                 R"("arguments": "{\"x\": 1}"}}]})"),
            ChatMessage::from_assistant("", {}, {}, {{.tool_name = "f", .arguments = {{"x", 1}}, .id = "a"}}));
  EXPECT_EQ(read(R"({"role": "developer", "content": "d"})"), ChatMessage::from_system("d"));
  EXPECT_EQ(read(R"({"role": "tool", "content": "r", "tool_call_id": "7"})"), ChatMessage::from_tool("r", {.id = "7"}));
}

TEST(ChatMessage, RefusesMessagesOfOpenAiWithHaystacksReasons) {
  EXPECT_EQ(refusal_of_openai(Value::Object()), "The `role` field is required in the message dictionary.");
  EXPECT_EQ(refusal_of_openai(Value::Object{{"role", "x"}}), "Unsupported role: x");
  EXPECT_EQ(refusal_of_openai(Value::Object{{"role", "user"}}), "The `content` field is required for user messages.");
  EXPECT_EQ(refusal_of_openai(Value::Object{{"role", "assistant"}}),
            "For assistant messages, either `content` or `tool_calls` must be present.");
  EXPECT_EQ(refusal_of_openai(Value::from_json(R"({"role": "assistant", "tool_calls": [{}]})")),
            "Tool calls must contain the `function` field");
  EXPECT_THAT(refusal_of_openai(Value::from_json(
                  R"({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]})")),
              testing::StartsWith("The arguments of the tool call to 'f': "));
  EXPECT_NE(refusal_of_openai(Value::Object{{"role", "user"}, {"content", 3}}), "");
}

TEST(ChatMessage, TellsOpenAiOnlyWhatHasAPlaceThere) {
  EXPECT_EQ(refusal([] { (void)ChatMessage::from_assistant(std::nullopt).to_openai(); }),
            "A `ChatMessage` must contain at least one `TextContent`, `ToolCall`, `ToolCallResult`, `ImageContent`, or "
            "`FileContent`.");
  const auto no_id = ChatMessage::from_assistant(std::nullopt, {}, {}, {{.tool_name = "f"}});
  EXPECT_EQ(refusal([&] { (void)no_id.to_openai(); }),
            "`ToolCall` must have a non-null `id` attribute to be used with OpenAI.");
  EXPECT_EQ(
      no_id.to_openai(false).to_json(),
      R"({"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{}"}}]})");
  EXPECT_THAT(refusal([] { (void)ChatMessage::from_tool(ResultParts{png}, search).to_openai(); }),
              testing::HasSubstr("use OpenAI Responses API instead."));
}

TEST(ChatMessage, TakesImagesAndFilesOnlyInBase64) {
  const auto refused = [](ContentPart part) {
    return refusal([&] { (void)ChatMessage::from_user(std::vector{std::move(part)}); });
  };
  for (const auto* text : {"???", "aGk", "aG k=", "a===", "aGk=aGk="})
    EXPECT_EQ(refused(ImageContent{.base64_image = text}), "The base64 string is not valid") << text;
  EXPECT_EQ(refused(FileContent{.base64_data = "?"}), "The base64 string is not valid");
  EXPECT_EQ(refused(ImageContent{.base64_image = "aGk=", .mime_type = "text/plain"}),
            "text/plain is not a valid image MIME type.");
  EXPECT_EQ(refused(ImageContent{.base64_image = "?", .validation = false}), "was accepted");
  EXPECT_EQ(refused(ImageContent{}), "was accepted");
  EXPECT_EQ(refused(search).substr(0, 90),
            "The user message must contain only text or image parts. Unsupported part: {'tool_call': {'");
  EXPECT_EQ(refusal([] { (void)ChatMessage::from_user(std::vector<ContentPart>()); }),
            "The user message must contain at least one content part (text, image, file).");
}

TEST(ChatMessage, TellsTheTypeOfAFileByItsFirstBytes) {
  const auto type = [](std::string text) {
    FileContent file{.base64_data = std::move(text)};
    file.validate();
    return file.mime_type.value_or("none");
  };
  EXPECT_EQ(type("JVBERi0xLjQK"), "application/pdf");
  EXPECT_EQ(type("/9j/4AAQ"), "image/jpeg");
  EXPECT_EQ(type("R0lGODlh"), "image/gif");
  EXPECT_EQ(type("UklGRgAAAABXRUJQ"), "image/webp");
  EXPECT_EQ(type("aGk="), "none");
  EXPECT_EQ(type(""), "none");
}

ContentPart random_part(test::Random& random) {
  switch (random.below(6)) {
    case 0:
      return TextContent{random.name()};
    case 1:
      return ToolCall{random.name(), random.object(), random.coin() ? std::optional(random.name()) : std::nullopt,
                      random.coin() ? std::optional(random.object()) : std::nullopt};
    case 2:
      return ToolCallResult{random.coin() ? ToolCallResult::Result(random.name())
                                          : ToolCallResult::Result(ResultParts{TextContent{random.name()}}),
                            search, random.coin()};
    case 3:
      return ImageContent{.base64_image = "aGk=", .detail = random.name(), .meta = random.object()};
    case 4:
      return ReasoningContent{random.name(), random.object()};
    default:
      return FileContent{.base64_data = "aGk=", .filename = random.name(), .extra = random.object()};
  }
}

TEST(ChatMessage, ComesBackFromItsDictionaryForm) {
  test::Random random;
  for (int i = 0; i < 300; ++i) {
    std::vector<ContentPart> parts;
    for (int n = random.below(4); n > 0; --n) parts.push_back(random_part(random));
    const ChatMessage message(static_cast<ChatRole>(random.below(4)), parts,
                              random.coin() ? std::optional(random.name()) : std::nullopt, random.object());
    EXPECT_EQ(ChatMessage::from_dict(message.to_dict()), message);
    EXPECT_EQ(ChatMessage::from_dict(Value::from_json(message.to_dict().to_json())), message);
  }
}

}  // namespace
}  // namespace berth
