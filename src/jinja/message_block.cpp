#include "jinja/message_block.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "jinja/statements.h"
#include "jinja/tokens.h"
#include "jinja/values.h"
#include "text/printable.h"
#include "value/python_text.h"

namespace berth {
namespace {

using ::jinja::mk_val;

std::string stripped(std::string_view text) {
  static constexpr std::string_view blanks = " \t\n\r\f\v";
  const auto start = text.find_first_not_of(blanks);
  if (start == text.npos) return "";
  return std::string(text.substr(start, text.find_last_not_of(blanks) - start + 1));
}

/// What templatize_part made is marked as input, which nothing else in these templates is; it is a part in JSON.
std::vector<ContentPart> parts_of(const ::jinja::string& content) {
  std::vector<ContentPart> parts;
  std::string text;
  const auto end_text = [&] {
    if (auto inner = stripped(text); !inner.empty()) parts.emplace_back(TextContent{std::move(inner)});
    text.clear();
  };
  for (const auto& piece : content.parts) {
    if (!piece.is_input) {
      text += piece.val;
      continue;
    }
    end_text();
    parts.push_back(content_part_from_dict(Value::from_json(piece.val)));
  }
  end_text();
  if (parts.empty())
    throw std::runtime_error(
        fmt::format("Message content in template is empty or contains only whitespace characters. Content: {}",
                    in_quotes(content.str())));
  return parts;
}

template <class Part>
std::vector<Part> only(const std::vector<ContentPart>& parts) {
  std::vector<Part> found;
  for (const auto& part : parts)
    if (const auto* one = std::get_if<Part>(&part)) found.push_back(*one);
  return found;
}

ChatMessage assistant_message(const std::vector<ContentPart>& parts, Value::Object meta,
                              std::optional<std::string> name) {
  const auto texts = only<TextContent>(parts);
  auto calls = only<ToolCall>(parts);
  const auto reasonings = only<ReasoningContent>(parts);
  if (texts.size() > 1) throw std::runtime_error("Assistant message must contain one text part at most.");
  if (texts.empty() && calls.empty())
    throw std::runtime_error("Assistant message must contain at least one text or tool call part.");
  if (parts.size() > texts.size() + calls.size() + reasonings.size())
    throw std::runtime_error("Assistant message must contain only text, tool call or reasoning parts.");
  return ChatMessage::from_assistant(texts.empty() ? std::nullopt : std::optional(texts.front().text), std::move(meta),
                                     std::move(name), std::move(calls),
                                     reasonings.empty() ? std::nullopt : std::optional(reasonings.front()));
}

ChatMessage make_message(ChatRole role, std::vector<ContentPart> parts, Value::Object meta,
                         std::optional<std::string> name) {
  switch (role) {
    case ChatRole::user:
      if (only<TextContent>(parts).size() + only<ImageContent>(parts).size() + only<FileContent>(parts).size() !=
          parts.size())
        throw std::runtime_error(
            "User message must contain only TextContent, string, ImageContent or FileContent parts.");
      return ChatMessage::from_user(std::move(parts), std::move(meta), std::move(name));
    case ChatRole::system: {
      const auto* text = std::get_if<TextContent>(&parts.front());
      if (text == nullptr) throw std::runtime_error("System message must contain a text part.");
      if (parts.size() > 1) throw std::runtime_error("System message must contain only one text part.");
      return ChatMessage::from_system(text->text, std::move(meta), std::move(name));
    }
    case ChatRole::assistant:
      return assistant_message(parts, std::move(meta), std::move(name));
    case ChatRole::tool:
      break;
  }
  auto* result = std::get_if<ToolCallResult>(&parts.front());
  if (result == nullptr || parts.size() > 1)
    throw std::runtime_error("Tool message must contain only one tool call result.");
  return ChatMessage::from_tool(std::move(result->result), std::move(result->origin), result->error, std::move(meta));
}

::jinja::value templatize_part(const ::jinja::func_args& arguments) {
  const auto* instance = dynamic_cast<const InstanceValue*>(arguments.get_pos(0).get());
  std::optional<Value> part;
  const auto take = [&]<class Part>(const Part*) {
    if (const auto* one = instance->object.get_if<Part>()) part = content_part_to_dict(*one);
  };
  if (instance != nullptr)
    std::apply([&](const auto*... kinds) { (take(kinds), ...); },
               std::tuple<const TextContent*, const ToolCall*, const ToolCallResult*, const ImageContent*,
                          const ReasoningContent*, const FileContent*>());
  if (!part)
    throw std::runtime_error(
        fmt::format("Unsupported type in ChatMessage content: `{}`",
                    instance == nullptr ? arguments.get_pos(0)->type() : std::string(instance->object.type_name())));
  auto text = mk_val<::jinja::value_string>(part->to_json());
  text->mark_input();
  return text;
}

ChatRole role_argument(const ::jinja::value& role) {
  for (const auto known : {ChatRole::user, ChatRole::system, ChatRole::assistant, ChatRole::tool})
    if (::jinja::is_val<::jinja::value_string>(role) && role->as_string().str() == to_string(known)) return known;
  throw std::runtime_error("Role must be one of: user, system, assistant, tool");
}

Value to_berth(const ::jinja::value& value) {
  if (::jinja::is_val<::jinja::value_bool>(value)) return value->as_bool();
  if (::jinja::is_val<::jinja::value_int>(value)) return value->as_int();
  if (::jinja::is_val<::jinja::value_float>(value)) return value->as_float();
  if (::jinja::is_val<::jinja::value_string>(value)) return value->as_string().str();
  if (const auto* instance = dynamic_cast<const InstanceValue*>(value.get())) return instance->object;
  if (::jinja::is_val<::jinja::value_array>(value)) {
    Value::Array list;
    for (const auto& entry : value->as_array()) list.push_back(to_berth(entry));
    return list;
  }
  if (::jinja::is_val<::jinja::value_object>(value)) {
    Value::Object object;
    for (const auto& [key, entry] : value->as_ordered_object()) object.set(jinja_str(key), to_berth(entry));
    return object;
  }
  return nullptr;
}

}  // namespace

void add_message_functions(::jinja::context& context, std::vector<ChatMessage>& messages) {
  context.set_val(templatize_function,
                  mk_val<::jinja::value_func>(templatize_function, ::jinja::func_handler(templatize_part)));
  const ::jinja::func_handler message = [&messages](const ::jinja::func_args& arguments) -> ::jinja::value {
    const auto role = role_argument(arguments.get_kwarg("role", mk_val<::jinja::value_undefined>()));
    const auto name = arguments.get_kwarg("name", mk_val<::jinja::value_none>());
    if (!name->is_none() && !::jinja::is_val<::jinja::value_string>(name))
      throw std::runtime_error("name must be a string");
    const auto meta = arguments.get_kwarg("meta", mk_val<::jinja::value_object>());
    if (!::jinja::is_val<::jinja::value_object>(meta)) throw std::runtime_error("meta must be a dictionary");
    const auto caller = arguments.ctx.get_val("caller");
    const auto content = caller->invoke(::jinja::func_args(arguments.ctx));
    messages.push_back(make_message(role, parts_of(content->as_string()), to_berth(meta).as_object(),
                                    name->is_none() ? std::nullopt : std::optional(name->as_string().str())));
    return mk_val<::jinja::value_string>("");
  };
  context.set_val(message_function, mk_val<::jinja::value_func>(message_function, message));
}

}  // namespace berth
