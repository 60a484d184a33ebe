#include "engine/llama/chat_template.h"

#include <jinja/caps.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>

#include <utility>

#include "jinja/limits.h"
#include "jinja/statements.h"

namespace berth::llama {
namespace {

jinja::value text(const std::string& value, bool trusted) {
  auto made = jinja::mk_val<jinja::value_string>(value);
  if (!trusted) made->mark_input();
  return made;
}

jinja::value_object object(std::initializer_list<std::pair<const char*, jinja::value>> entries) {
  auto made = jinja::mk_val<jinja::value_object>();
  for (const auto& [name, value] : entries) made->insert(name, value);
  return made;
}

/// What the model, or whoever talks to it, chose: none of it is trusted.
jinja::value untrusted(const Value& value) {
  if (value.is_null()) return jinja::mk_val<jinja::value_none>();
  if (value.is_bool()) return jinja::mk_val<jinja::value_bool>(value.as_bool());
  if (value.is_int()) return jinja::mk_val<jinja::value_int>(value.as_int());
  if (value.is_double()) return jinja::mk_val<jinja::value_float>(value.as_double());
  if (value.is_large_int()) return text(value.int_text(), false);
  if (value.is_string()) return text(value.as_string(), false);
  if (value.is_instance()) return untrusted(value.as_instance().to_dict());
  if (value.is_array()) {
    auto list = jinja::mk_val<jinja::value_array>();
    for (const auto& entry : value.as_array()) list->push_back(untrusted(entry));
    return list;
  }
  auto made = jinja::mk_val<jinja::value_object>();
  for (const auto& [name, entry] : value.as_object()) made->insert(name, untrusted(entry));
  return made;
}

jinja::value text_part(const jinja::value& content) {
  return object({{"type", text("text", true)}, {"text", content}});
}

jinja::value tool_call_object(const ToolCall& call) {
  auto made =
      object({{"type", text("function", true)},
              {"function", object({{"name", text(call.tool_name, false)}, {"arguments", untrusted(call.arguments)}})}});
  if (call.id) made->insert("id", text(*call.id, false));
  return made;
}

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

/// In the form that Hugging Face's chat templates expect: tool calls with their arguments as objects.
jinja::value message_object(const ChatMessage& message, bool content_as_parts) {
  auto content = text(whole_text(message), false);
  if (content_as_parts) {
    auto parts = jinja::mk_val<jinja::value_array>();
    parts->push_back(text_part(content));
    content = parts;
  }
  auto made = object({{"role", text(std::string(to_string(message.role())), true)}, {"content", content}});
  if (message.name()) made->insert("name", text(*message.name(), false));
  if (const auto reasoning = message.reasoning())
    made->insert("reasoning_content", text(reasoning->reasoning_text, false));
  if (const auto calls = message.tool_calls(); !calls.empty()) {
    auto list = jinja::mk_val<jinja::value_array>();
    for (const auto& call : calls) list->push_back(tool_call_object(call));
    made->insert("tool_calls", list);
  }
  if (const auto result = message.tool_call_result()) {
    if (!result->origin.tool_name.empty() && !message.name())
      made->insert("name", text(result->origin.tool_name, false));
    if (result->origin.id) made->insert("tool_call_id", text(*result->origin.id, false));
  }
  return made;
}

}  // namespace

struct ChatTemplate::Parsed {
  jinja::program program;
  std::string source;
  bool content_as_parts;  // the template reads contents only as [{"type": "text", "text": ...}]
};

ChatTemplate::ChatTemplate(const std::string& source) {
  auto tokens = jinja::lexer().tokenize(source);
  auto program = jinja::parse_from_tokens(tokens);
  limit(program);
  JinjaLimits limits;
  const bool content_as_parts = !jinja::caps_get(program).supports_string_content;
  parsed_ = std::make_unique<Parsed>(Parsed{std::move(program), tokens.source, content_as_parts});
}

ChatTemplate::~ChatTemplate() = default;

std::vector<Prompt::Piece> ChatTemplate::render(const std::vector<ChatMessage>& messages, const std::string& bos_token,
                                                const std::string& eos_token, const Value::Object& variables) const {
  auto list = jinja::mk_val<jinja::value_array>();
  for (const auto& message : messages) list->push_back(message_object(message, parsed_->content_as_parts));

  JinjaLimits limits;
  jinja::context context(parsed_->source);
  for (const auto& [name, value] : variables) context.set_val(name, untrusted(value));
  context.set_val("messages", list);
  context.set_val("bos_token", text(bos_token, true));
  context.set_val("eos_token", text(eos_token, true));
  context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(true));

  jinja::runtime runtime(context);
  const auto rendered = jinja::runtime::gather_string_parts(runtime.execute(parsed_->program));
  std::vector<Prompt::Piece> pieces;
  for (auto& part : rendered->val_str.parts) pieces.push_back({std::move(part.val), !part.is_input});
  return pieces;
}

}  // namespace berth::llama
