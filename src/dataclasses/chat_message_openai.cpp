/// ChatMessages as OpenAI's chat completions write them.
#include <fmt/format.h>

#include <stdexcept>

#include "berth/chat_message.h"
#include "berth/error.h"
#include "text/printable.h"
#include "value/python_text.h"

namespace berth {
namespace {

/// `text` unless there is none in it.
std::string text_or(const std::optional<std::string>& text, std::string_view otherwise) {
  return text.value_or("").empty() ? std::string(otherwise) : *text;
}

Value text_item(const std::string& text) { return Value::Object{{"type", "text"}, {"text", text}}; }

Value image_item(const ImageContent& image) {
  Value::Object url{
      {"url", fmt::format("data:{};base64,{}", text_or(image.mime_type, "image/jpeg"), image.base64_image)}};
  if (!image.detail.value_or("").empty()) url.set("detail", *image.detail);
  return Value::Object{{"type", "image_url"}, {"image_url", std::move(url)}};
}

Value file_item(const FileContent& file) {
  return Value::Object{
      {"type", "file"},
      {"file", Value::Object{{"file_data", fmt::format("data:{};base64,{}", text_or(file.mime_type, "application/pdf"),
                                                       file.base64_data)},
                             {"filename", text_or(file.filename, "filename")}}}};
}

Value user_content(const std::vector<ContentPart>& parts) {
  if (parts.size() == 1)
    if (const auto* text = std::get_if<TextContent>(&parts.front())) return text->text;
  Value::Array items;
  for (const auto& part : parts) {
    if (const auto* text = std::get_if<TextContent>(&part)) items.push_back(text_item(text->text));
    if (const auto* image = std::get_if<ImageContent>(&part)) items.push_back(image_item(*image));
    if (const auto* file = std::get_if<FileContent>(&part)) items.push_back(file_item(*file));
  }
  return items;
}

Value result_content(const ToolCallResult& result) {
  if (const auto* text = std::get_if<std::string>(&result.result)) return *text;
  Value::Array items;
  for (const auto& part : std::get<1>(result.result)) {
    const auto* text = std::get_if<TextContent>(&part);
    if (text == nullptr)
      throw std::invalid_argument(fmt::format(
          "Unsupported tool result: {}. If you need to pass images in tool results, use OpenAI Responses API "
          "instead.",
          printable(python_str(result.to_dict()))));
    items.push_back(text_item(text->text));
  }
  return items;
}

void set_call_id(Value::Object& object, std::string name, const ToolCall& call, bool required) {
  if (call.id)
    object.set(std::move(name), *call.id);
  else if (required)
    throw std::invalid_argument("`ToolCall` must have a non-null `id` attribute to be used with OpenAI.");
}

/// Whether Python takes the entry for something that is there.
bool has(const Value* value) {
  return value != nullptr && !value->is_null() && *value != Value("") && *value != Value(Value::Array());
}

std::string_view required_role(const Value& message) {
  const Value* role = message.find("role");
  if (role == nullptr) throw std::invalid_argument("The `role` field is required in the message dictionary.");
  for (const std::string_view known : {"assistant", "user", "system", "developer", "tool"})
    if (*role == Value(known)) return known;
  throw std::invalid_argument(fmt::format("Unsupported role: {}", printable(python_str(*role))));
}

std::optional<std::string> optional_text(const Value& message, std::string_view name) {
  const Value* value = message.find(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  try {
    return value->as_string();
  } catch (const std::invalid_argument& problem) {
    throw std::invalid_argument(fmt::format("The `{}` field of the message: {}", name, problem.what()));
  }
}

ToolCall read_tool_call(const Value& call) {
  const Value* function = call.find("function");
  if (function == nullptr) throw std::invalid_argument("Tool calls must contain the `function` field");
  const auto name = optional_text(*function, "name");
  const auto arguments = optional_text(*function, "arguments");
  if (!name || !arguments)
    throw std::invalid_argument("The `function` field of a tool call must contain `name` and `arguments`");
  try {
    return {*name, Value::from_json(*arguments).as_object(), optional_text(call, "id")};
  } catch (const std::exception& problem) {  // no JSON, or no object
    throw std::invalid_argument(
        fmt::format("The arguments of the tool call to {}: {}", in_quotes(*name), problem.what()));
  }
}

ToolCallResult::Result read_tool_result(const Value& content) {
  if (!content.is_array()) return content.as_string();
  std::vector<std::variant<TextContent, ImageContent>> parts;
  for (const auto& item : content.as_array()) {
    if (item.find("text") == nullptr)
      throw std::invalid_argument("To be used with OpenAI, tool results must be a string or a list of TextContent");
    parts.emplace_back(TextContent{*optional_text(item, "text")});
  }
  return parts;
}

}  // namespace

Value ChatMessage::to_openai(bool require_tool_call_ids) const {
  const auto texts = this->texts();
  const auto calls = tool_calls();
  const auto result = tool_call_result();
  if (texts.empty() && calls.empty() && !result && !image() && !file())
    throw std::invalid_argument(
        "A `ChatMessage` must contain at least one `TextContent`, `ToolCall`, `ToolCallResult`, `ImageContent`, or "
        "`FileContent`.");
  if (result && content_.size() > 1)
    throw std::invalid_argument(
        "For OpenAI compatibility, a `ChatMessage` with a `ToolCallResult` cannot contain any other content.");

  Value::Object message{{"role", to_string(role_)}};
  if (name_) message.set("name", *name_);
  if (role_ == ChatRole::user) {
    message.set("content", user_content(content_));
  } else if (result) {
    message.set("content", result_content(*result));
    set_call_id(message, "tool_call_id", result->origin, require_tool_call_ids);
  } else {
    if (!texts.empty()) message.set("content", texts.front());
    Value::Array list;
    for (const auto& call : calls) {
      Value::Object item{
          {"type", "function"},
          {"function", Value::Object{{"name", call.tool_name}, {"arguments", Value(call.arguments).to_json()}}}};
      set_call_id(item, "id", call, require_tool_call_ids);
      list.push_back(std::move(item));
    }
    if (!list.empty()) message.set("tool_calls", std::move(list));
  }
  return message;
}

ChatMessage ChatMessage::from_openai(const Value& message) {
  const auto role = required_role(message);
  const Value* content = message.find("content");
  const Value* calls = message.find("tool_calls");
  auto name = optional_text(message, "name");
  if (role == "assistant") {
    if (!has(content) && !has(calls))
      throw std::invalid_argument("For assistant messages, either `content` or `tool_calls` must be present.");
    std::vector<ToolCall> made;
    if (has(calls))
      for (const auto& call : calls->as_array()) made.push_back(read_tool_call(call));
    return from_assistant(optional_text(message, "content"), {}, std::move(name), std::move(made));
  }
  if (!has(content)) throw std::invalid_argument(fmt::format("The `content` field is required for {} messages.", role));
  if (role == "tool")
    return from_tool(read_tool_result(*content), ToolCall{.id = optional_text(message, "tool_call_id")});
  auto text = *optional_text(message, "content");
  return role == "user" ? from_user(std::move(text), {}, std::move(name))
                        : from_system(std::move(text), {}, std::move(name));
}

}  // namespace berth
