/// A tool, and a conversation in which it has been called so often that even a small model calls it once more.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "berth/chat_message.h"
#include "berth/tool.h"
#include "berth/value.h"

namespace berth::test {

/// A chat template that knows tools; the default model has none such.
constexpr auto tools_template = BERTH_TEST_DATA_DIR "/templates/tools.jinja";

inline Tools weather_tool() {
  return std::vector<std::variant<Tool, Toolset>>{Tool{
      .name = "weather",
      .description = "Tells the weather of a city.",
      .parameters = Value::from_json(R"({"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}},
                        "required": ["city"], "additionalProperties": false})")
                        .as_object()}};
}

inline std::vector<ChatMessage> question_for_the_weather(const std::string& city) {
  std::vector<ChatMessage> messages;
  const auto question = [](const std::string& of) {
    return ChatMessage::from_user("What is the weather in " + of + "?");
  };
  for (const auto* known : {"Oslo", "Rome", "Paris"}) {
    const ToolCall call{.tool_name = "weather", .arguments = {{"city", known}}, .id = known};
    messages.push_back(question(known));
    messages.push_back(ChatMessage::from_assistant(std::nullopt, {}, {}, {call}));
    messages.push_back(ChatMessage::from_tool("Sun", call));
    messages.push_back(ChatMessage::from_assistant("The sun shines."));
  }
  messages.push_back(question(city));
  return messages;
}

}  // namespace berth::test
