#include "remote/chat_text.h"

#include "berth/value_traits.h"
#include "remote/entry.h"

namespace berth {
namespace {

/// The text in a part, however deep: "Hm", {"text": "Hm"}, {"thinking": [{"text": "Hm"}]}.
std::string words_of(const Value& part) {
  if (part.is_string()) return part.as_string();
  std::string words;
  if (part.is_array())
    for (const auto& each : part.as_array()) words += words_of(each);
  for (const auto* name : {"text", "thinking", "reasoning", "summary", "content", "value"}) {
    if (!words.empty()) break;
    if (const Value* inner = part.find(name)) words = words_of(*inner);
  }
  return words;
}

bool is_thought(const Value& part) {
  const Value* type = part.find("type");
  if (type == nullptr || !type->is_string()) return part.find("thinking") != nullptr;
  return type->as_string().starts_with("thinking") || type->as_string().starts_with("reasoning");
}

std::string reasoning_field(const Value& message) {
  for (const auto* name :
       {"reasoning_content", "reasoning", "reasoning_details", "reasoning_text", "thinking", "thinking_blocks"})
    if (auto words = words_of(entry(message, name)); !words.empty()) return words;
  return {};
}

}  // namespace

ChatText chat_text(const Value& message) {
  ChatText text{.reasoning = reasoning_field(message)};
  const auto& content = entry(message, "content");
  if (!content.is_array() && !content.is_object()) {
    text.content = from_value<std::optional<std::string>>(content);
    return text;
  }
  std::string answer;
  std::string thoughts;
  for (const auto& part : content.is_array() ? content.as_array() : Value::Array{content})
    (is_thought(part) ? thoughts : answer) += words_of(part);
  if (!answer.empty()) text.content = std::move(answer);
  if (text.reasoning.empty()) text.reasoning = std::move(thoughts);
  return text;
}

Value message_of(const Value& choice, std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (const auto& message = entry(choice, name); !message.is_null()) return message;
  const auto& text = entry(choice, "text");
  return text.is_null() ? Value() : Value(Value::Object{{"content", text}});
}

std::optional<std::string> finish_reason_of(const Value& choice) {
  auto reason = from_value<std::optional<std::string>>(entry(choice, "finish_reason"));
  if (reason == "" || reason == "null") reason.reset();
  return reason;
}

}  // namespace berth
