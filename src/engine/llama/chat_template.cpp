#include "engine/llama/chat_template.h"

#include <stdexcept>
#include <utility>

#include "jinja/trusted_text.h"

namespace berth::llama {
namespace {

using jinja::TrustedText;

/// The text of a message: all of its text parts, or the result that a tool gave.
std::string whole_text(const ChatMessage& message) {
  std::string whole;
  const auto result = message.tool_call_result();
  if (!result) {
    for (const auto& each : message.texts()) whole += each;
  } else if (const auto* plain = std::get_if<std::string>(&result->result)) {
    whole = *plain;
  } else {
    for (const auto& part : std::get<1>(result->result))
      if (const auto* each = std::get_if<TextContent>(&part)) whole += each->text;
  }
  return whole;
}

Value text_parts(std::string text) {
  return Value::Array{Value::Object{{"type", TrustedText{"text"}}, {"text", std::move(text)}}};
}

Value tool_call_object(const ToolCall& call) {
  Value::Object made{{"type", TrustedText{"function"}},
                     {"function", Value::Object{{"name", call.tool_name}, {"arguments", call.arguments}}}};
  if (call.id) made.set("id", *call.id);
  return made;
}

/// In the form that Hugging Face's chat templates expect: tool calls with their arguments as objects.
Value message_object(const ChatMessage& message, bool content_as_parts) {
  auto text = whole_text(message);
  Value::Object made{{"role", TrustedText{std::string(to_string(message.role()))}},
                     {"content", content_as_parts ? text_parts(std::move(text)) : Value(std::move(text))}};
  if (message.name()) made.set("name", *message.name());
  if (const auto reasoning = message.reasoning()) made.set("reasoning_content", reasoning->reasoning_text);
  if (const auto calls = message.tool_calls(); !calls.empty()) {
    Value::Array list;
    for (const auto& call : calls) list.push_back(tool_call_object(call));
    made.set("tool_calls", std::move(list));
  }
  if (const auto result = message.tool_call_result()) {
    if (!result->origin.tool_name.empty() && !message.name()) made.set("name", result->origin.tool_name);
    if (result->origin.id) made.set("tool_call_id", *result->origin.id);
  }
  return made;
}

/// As dictionaries, which templates can write as JSON.
Value without_instances(const Value& value) {
  if (value.is_instance()) return without_instances(value.as_instance().to_dict());
  if (value.is_object())
    return value.as_object().map_values(
        [](const std::string&, const Value& entry) { return without_instances(entry); });
  if (!value.is_array()) return value;
  Value::Array list;
  for (const auto& entry : value.as_array()) list.push_back(without_instances(entry));
  return list;
}

Value::Object template_variables(Value messages, const std::string& bos_token, const std::string& eos_token,
                                 const Value::Object& variables) {
  auto all = variables.map_values([](const std::string&, const Value& entry) { return without_instances(entry); });
  all.set("messages", std::move(messages));
  all.set("bos_token", TrustedText{bos_token});
  all.set("eos_token", TrustedText{eos_token});
  all.set("add_generation_prompt", true);
  return all;
}

/// Whether the text of a user arrives as a part, and not as a plain text: tried out.
bool reads_parts_only(const JinjaTemplate& chat_template) {
  static constexpr std::string_view mark = "berth-content-mark";
  const auto arrives = [&](Value content) {
    Value::Array messages{Value::Object{{"role", "user"}, {"content", std::move(content)}}};
    try {
      return chat_template.render(template_variables(std::move(messages), "", "", {})).find(mark) != std::string::npos;
    } catch (const TemplateError&) {
      return false;
    }
  };
  return !arrives(std::string(mark)) && arrives(text_parts(std::string(mark)));
}

}  // namespace

ChatTemplate::ChatTemplate(const std::string& source)
    : template_(source, JinjaTemplate::Kind::chat), content_as_parts_(reads_parts_only(template_)) {}

std::vector<Prompt::Piece> ChatTemplate::render(const std::vector<ChatMessage>& messages, const std::string& bos_token,
                                                const std::string& eos_token, const Value::Object& variables) const {
  Value::Array list;
  for (const auto& message : messages) list.push_back(message_object(message, content_as_parts_));
  std::vector<Prompt::Piece> pieces;
  for (auto& piece : template_.render_pieces(template_variables(std::move(list), bos_token, eos_token, variables)))
    pieces.push_back({std::move(piece.text), piece.trusted});
  return pieces;
}

}  // namespace berth::llama
