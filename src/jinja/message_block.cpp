#include "jinja/message_block.h"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <tuple>

#include "jinja/objects.h"
#include "jinja/operators.h"
#include "text/printable.h"
#include "text/unicode.h"

namespace berth::jinja {
namespace {

std::string_view stripped(std::string_view text) { return without_space(text); }

/// What templatize_part made is marked as untrusted, which nothing else in these templates is; it is a part in JSON.
std::vector<ContentPart> parts_of(const Str& content) {
  std::vector<ContentPart> parts;
  const auto add_text = [&](std::size_t begin, std::size_t end) {
    const auto text = stripped(content.bytes.substr(begin, end - begin));
    if (!text.empty()) parts.emplace_back(TextContent{std::string(text)});
  };
  std::size_t at = 0;
  for (const auto& range : content.untrusted) {
    add_text(at, range.begin);
    for (auto json = content.bytes.substr(range.begin, range.end - range.begin); !json.empty();) {
      // Parts that follow each other directly stand in one range, each ended by a line end.
      const auto end = json.find('\n');
      parts.push_back(content_part_from_dict(Value::from_json(json.substr(0, end))));
      json.remove_prefix(end + 1);
    }
    at = range.end;
  }
  add_text(at, content.bytes.size());
  if (parts.empty())
    throw std::runtime_error(
        fmt::format("Message content in template is empty or contains only whitespace characters. Content: {}",
                    in_quotes(content.bytes)));
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

/// The part of a message that `value` is, as a text of its own.
Any part_as_text(Run& run, Bound& bound) {
  const auto* instance = bound.self.get_if<InstanceObject>();
  std::optional<Value> part;
  const auto take = [&]<class Part>(const Part*) {
    if (const auto* one = instance->value.get_if<Part>()) part = content_part_to_dict(*one);
  };
  if (instance != nullptr)
    std::apply([&](const auto*... kinds) { (take(kinds), ...); },
               std::tuple<const TextContent*, const ToolCall*, const ToolCallResult*, const ImageContent*,
                          const ReasoningContent*, const FileContent*>());
  if (!part) value_error(fmt::format("Unsupported type in ChatMessage content: `{}`", type_name(bound.self)));
  TextBuilder text(run);
  text.append_untrusted(part->to_json() + "\n");
  return text.finish();
}

ChatRole role_argument(const Any& role) {
  for (const auto known : {ChatRole::user, ChatRole::system, ChatRole::assistant, ChatRole::tool})
    if (role.is_string() && role.string().bytes == to_string(known)) return known;
  throw std::runtime_error("Role must be one of: user, system, assistant, tool");
}

}  // namespace

const Function templatize_part("templatize_part", "", part_as_text);

ChatMessage message_of(Run& run, const Arguments& arguments, const Str& content) {
  Any role;
  Any name;
  Any meta;
  for (const auto& [argument, value] : arguments.named)
    (argument == "role" ? role : argument == "name" ? name : meta) = value;
  const auto checked_role = role_argument(role);
  if (!name.is_none() && !name.is_string()) throw std::runtime_error("name must be a string");
  if (!meta.is_none() && !meta.is(Type::dict)) throw std::runtime_error("meta must be a dictionary");
  return make_message(checked_role, parts_of(content),
                      meta.is_none() ? Value::Object() : to_value(run, meta).as_object(),
                      name.is_none() ? std::nullopt : std::optional(std::string(name.string().bytes)));
}

}  // namespace berth::jinja
