/// ChatMessage: one turn of a conversation with a model.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/chat_content.h"
#include "berth/value.h"

namespace berth {

enum class ChatRole { user, system, assistant, tool };
std::string_view to_string(ChatRole role);           ///< "user", ...
ChatRole chat_role_from_str(std::string_view text);  ///< throws std::invalid_argument, naming what is accepted

/// Haystack's class of that name, with its dictionary forms and that of OpenAI's chat completions.
///
///     std::vector<ChatMessage> messages = {{"system", "Be brief."}, ChatMessage::from_user("Why is the sky blue?")};
class ChatMessage {
 public:
  static constexpr std::string_view class_name = "ChatMessage";

  ChatMessage() = default;                               ///< of the user, with nothing in it
  ChatMessage(std::string_view role, std::string text);  ///< throws std::invalid_argument for an unknown role
  ChatMessage(ChatRole role, std::vector<ContentPart> content, std::optional<std::string> name = {},
              Value::Object meta = {});

  static ChatMessage from_user(std::string text, Value::Object meta = {}, std::optional<std::string> name = {});
  /// Of texts, images and files, at least one. Throws std::invalid_argument.
  static ChatMessage from_user(std::vector<ContentPart> content_parts, Value::Object meta = {},
                               std::optional<std::string> name = {});
  static ChatMessage from_system(std::string text, Value::Object meta = {}, std::optional<std::string> name = {});
  static ChatMessage from_assistant(std::optional<std::string> text, Value::Object meta = {},
                                    std::optional<std::string> name = {}, std::vector<ToolCall> tool_calls = {},
                                    std::optional<ReasoningContent> reasoning = {});
  static ChatMessage from_tool(ToolCallResult::Result tool_result, ToolCall origin, bool error = false,
                               Value::Object meta = {});

  ChatRole role() const { return role_; }
  bool is_from(ChatRole role) const { return role_ == role; }
  const std::vector<ContentPart>& content() const { return content_; }
  const std::optional<std::string>& name() const { return name_; }
  const Value::Object& meta() const { return meta_; }

  /// The parts of one kind, in their order.
  std::vector<std::string> texts() const;
  std::vector<ToolCall> tool_calls() const { return parts<ToolCall>(); }
  std::vector<ToolCallResult> tool_call_results() const { return parts<ToolCallResult>(); }
  std::vector<ImageContent> images() const { return parts<ImageContent>(); }
  std::vector<FileContent> files() const { return parts<FileContent>(); }
  std::vector<ReasoningContent> reasonings() const { return parts<ReasoningContent>(); }

  /// The first of them.
  std::optional<std::string> text() const;
  std::optional<ToolCall> tool_call() const { return first<ToolCall>(); }
  std::optional<ToolCallResult> tool_call_result() const { return first<ToolCallResult>(); }
  std::optional<ImageContent> image() const { return first<ImageContent>(); }
  std::optional<FileContent> file() const { return first<FileContent>(); }
  std::optional<ReasoningContent> reasoning() const { return first<ReasoningContent>(); }

  bool operator==(const ChatMessage&) const = default;

  /// What templates see: role, text, texts, tool_calls, ... by the names of Haystack's attributes.
  Value::Object attributes() const;

  Value to_dict() const;  ///< {"role": ..., "meta": ..., "name": ..., "content": [...]}
  /// From that form and those of earlier versions of Haystack. Throws std::invalid_argument.
  static ChatMessage from_dict(const Value& dict);

  /// As a message of OpenAI's chat completions. Throws std::invalid_argument for what has no place there, and for a tool
  /// call without an id where these are required.
  Value to_openai(bool require_tool_call_ids = true) const;
  /// From that form. Throws std::invalid_argument.
  static ChatMessage from_openai(const Value& message);

 private:
  template <class Part>
  std::vector<Part> parts() const {
    std::vector<Part> found;
    for (const auto& part : content_)
      if (const auto* one = std::get_if<Part>(&part)) found.push_back(*one);
    return found;
  }
  template <class Part>
  std::optional<Part> first() const {
    for (const auto& part : content_)
      if (const auto* one = std::get_if<Part>(&part)) return *one;
    return std::nullopt;
  }

  ChatRole role_ = ChatRole::user;
  std::vector<ContentPart> content_;
  std::optional<std::string> name_;
  Value::Object meta_;
};

}  // namespace berth
