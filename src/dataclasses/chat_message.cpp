#include "berth/chat_message.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "dataclasses/dict_fields.h"
#include "text/printable.h"
#include "value/python_text.h"

namespace berth {
namespace {

constexpr std::array<std::string_view, 4> role_names = {"user", "system", "assistant", "tool"};

std::optional<ChatRole> find_role(std::string_view text) {
  for (std::size_t i = 0; i < role_names.size(); ++i)
    if (role_names[i] == text) return static_cast<ChatRole>(i);
  return std::nullopt;
}

/// The role in a dictionary form, `key` being "role" or "_role".
ChatRole role_from_dict(const Value& dict, std::string_view key) {
  const Value* role = dict.find(key);
  if (role == nullptr) throw std::invalid_argument(fmt::format("ChatMessage: '{}' is missing", key));
  if (const auto found = role->is_string() ? find_role(role->as_string()) : std::nullopt) return *found;
  throw std::invalid_argument(fmt::format("{} is not a valid ChatRole", in_quotes(python_str(*role))));
}

std::vector<ContentPart> parts_from_list(const Value& list) {
  std::vector<ContentPart> parts;
  for (const auto& part : list.as_array()) parts.push_back(content_part_from_dict(part));
  return parts;
}

template <class T>
Value objects(const std::vector<T>& list) {
  return Value(Value::Array(list.begin(), list.end()));
}

template <class T>
Value object_or_null(const std::optional<T>& object) {
  return object ? Value(*object) : Value();
}

}  // namespace

std::string_view to_string(ChatRole role) { return role_names[static_cast<std::size_t>(role)]; }

ChatRole chat_role_from_str(std::string_view text) {
  if (const auto role = find_role(text)) return *role;
  throw std::invalid_argument(fmt::format(
      "Unknown chat role {}. Supported roles are: ['user', 'system', 'assistant', 'tool']", in_quotes(text)));
}

ChatMessage::ChatMessage(std::string_view role, std::string text)
    : ChatMessage(chat_role_from_str(role), {TextContent{std::move(text)}}) {}

ChatMessage::ChatMessage(ChatRole role, std::vector<ContentPart> content, std::optional<std::string> name,
                         Value::Object meta)
    : role_(role), content_(std::move(content)), name_(std::move(name)), meta_(std::move(meta)) {
  for (auto& part : content_) {
    if (auto* image = std::get_if<ImageContent>(&part)) image->validate();
    if (auto* file = std::get_if<FileContent>(&part)) file->validate();
  }
}

ChatMessage ChatMessage::from_user(std::string text, Value::Object meta, std::optional<std::string> name) {
  return {ChatRole::user, {TextContent{std::move(text)}}, std::move(name), std::move(meta)};
}

ChatMessage ChatMessage::from_user(std::vector<ContentPart> content_parts, Value::Object meta,
                                   std::optional<std::string> name) {
  if (content_parts.empty())
    throw std::invalid_argument("The user message must contain at least one content part (text, image, file).");
  for (const auto& part : content_parts)
    if (!std::holds_alternative<TextContent>(part) && !std::holds_alternative<ImageContent>(part) &&
        !std::holds_alternative<FileContent>(part))
      throw std::invalid_argument(
          fmt::format("The user message must contain only text or image parts. Unsupported part: {}",
                      printable(python_str(content_part_to_dict(part)))));
  return {ChatRole::user, std::move(content_parts), std::move(name), std::move(meta)};
}

ChatMessage ChatMessage::from_system(std::string text, Value::Object meta, std::optional<std::string> name) {
  return {ChatRole::system, {TextContent{std::move(text)}}, std::move(name), std::move(meta)};
}

ChatMessage ChatMessage::from_assistant(std::optional<std::string> text, Value::Object meta,
                                        std::optional<std::string> name, std::vector<ToolCall> tool_calls,
                                        std::optional<ReasoningContent> reasoning) {
  std::vector<ContentPart> content;
  if (reasoning) content.emplace_back(*std::move(reasoning));
  if (text) content.emplace_back(TextContent{*std::move(text)});
  for (auto& call : tool_calls) content.emplace_back(std::move(call));
  return {ChatRole::assistant, std::move(content), std::move(name), std::move(meta)};
}

ChatMessage ChatMessage::from_tool(ToolCallResult::Result tool_result, ToolCall origin, bool error,
                                   Value::Object meta) {
  return {ChatRole::tool,
          {ToolCallResult{std::move(tool_result), std::move(origin), error}},
          std::nullopt,
          std::move(meta)};
}

std::vector<std::string> ChatMessage::texts() const {
  std::vector<std::string> texts;
  for (auto& part : parts<TextContent>()) texts.push_back(std::move(part.text));
  return texts;
}

std::optional<std::string> ChatMessage::text() const {
  if (auto part = first<TextContent>()) return std::move(part->text);
  return std::nullopt;
}

Value::Object ChatMessage::attributes() const {
  return {{"role", to_string(role_)},
          {"name", to_value(name_)},
          {"meta", meta_},
          {"text", to_value(text())},
          {"texts", to_value(texts())},
          {"tool_call", object_or_null(tool_call())},
          {"tool_calls", objects(tool_calls())},
          {"tool_call_result", object_or_null(tool_call_result())},
          {"tool_call_results", objects(tool_call_results())},
          {"image", object_or_null(image())},
          {"images", objects(images())},
          {"file", object_or_null(file())},
          {"files", objects(files())},
          {"reasoning", object_or_null(reasoning())},
          {"reasonings", objects(reasonings())}};
}

Value ChatMessage::to_dict() const {
  Value::Array content;
  for (const auto& part : content_) content.push_back(content_part_to_dict(part));
  return Value::Object{
      {"role", to_string(role_)}, {"meta", meta_}, {"name", to_value(name_)}, {"content", std::move(content)}};
}

ChatMessage ChatMessage::from_dict(const Value& dict) {
  const DictFields fields(class_name, dict);
  const Value* content = dict.find("content");
  const Value* old_content = dict.find("_content");  // as Haystack 2.9 to 2.11 wrote it
  if (dict.find("role") == nullptr && dict.find("_role") == nullptr) {
    Value::Array names;
    for (const auto& [name, value] : dict.as_object()) names.push_back(name);
    throw std::invalid_argument(
        fmt::format("The `role` field is required in the message dictionary. Expected a dictionary with 'role' field "
                    "containing one of: ['user', 'system', 'assistant', 'tool']. Common roles are 'user' (for user "
                    "messages) and 'assistant' (for AI responses). Received dictionary with keys: {}",
                    printable(python_str(names))));
  }
  std::optional<std::string> name;
  std::optional<Value::Object> meta;
  if (content != nullptr) {
    const auto role = role_from_dict(dict, "role");
    fields.read("name", name);
    fields.read("meta", meta);
    std::vector<ContentPart> parts;
    if (content->is_array())
      parts = parts_from_list(*content);
    else if (content->is_string())  // as before Haystack 2.9
      parts = {TextContent{content->as_string()}};
    else
      throw std::invalid_argument(
          fmt::format("Unsupported content type in serialized ChatMessage: `{}`", printable(python_str(*content))));
    return {role, std::move(parts), std::move(name), std::move(meta).value_or(Value::Object())};
  }
  if (old_content != nullptr) {
    fields.read("_name", name);
    fields.read("_meta", meta);
    return {role_from_dict(dict, "_role"), parts_from_list(*old_content), std::move(name),
            std::move(meta).value_or(Value::Object())};
  }
  throw std::invalid_argument(
      fmt::format("Missing 'content' or '_content' in serialized ChatMessage: `{}`", printable(python_str(dict))));
}

}  // namespace berth
