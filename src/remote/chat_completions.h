/// Chats with services that speak OpenAI's chat completions (https://platform.openai.com/docs/api-reference/chat).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "berth/call_context.h"
#include "berth/chat_message.h"
#include "berth/log.h"
#include "berth/streaming.h"
#include "berth/tool.h"
#include "berth/value.h"
#include "remote/http.h"

namespace berth {

/// Where a service is, and who asks.
struct ChatEndpoint {
  std::string url;  ///< of chat/completions
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::vector<std::string> secrets = {};
  HttpOptions http = {};
};

/// What is asked for, once for all runs and again for each: what the run gives wins.
struct ChatOptions {
  std::optional<Value::Object> generation_kwargs = {};
  StreamingCallback streaming_callback = {};
  std::optional<Tools> tools = {};
  std::optional<bool> tools_strict = {};
};

/// Safe to use from several threads.
class ChatCompletions {
 public:
  /// Throws std::invalid_argument where two tools have the same name.
  ChatCompletions(ChatEndpoint endpoint, std::string model, ChatOptions options, LogCallback log);

  /// The replies, whose meta holds model, index, finish_reason and usage. With a streaming callback there is one, and a
  /// request to stop gives what came so far, with the finish_reason "cancelled"; without a callback it gives no reply.
  /// Throws std::invalid_argument for what cannot be asked, and RemoteError.
  std::vector<ChatMessage> run(std::span<const ChatMessage> messages, const ChatOptions& options,
                               const CallContext& given) const;

 private:
  std::vector<ChatMessage> at_once(const HttpRequest& request, const CallContext& context) const;
  ChatMessage streamed(HttpRequest request, const StreamingCallback& callback, const CallContext& context) const;

  ChatEndpoint endpoint_;
  HttpClient http_;
  std::string model_;
  ChatOptions options_;
  LogCallback log_;
};

/// The same for what generators with "Chat" in their names take: messages, none of which gives no reply, or one text.
std::vector<ChatMessage> chat_replies(const ChatCompletions& chat,
                                      const std::variant<std::vector<ChatMessage>, std::string>& messages,
                                      const ChatOptions& options, const CallContext& context);

/// And for the others.
struct TextReplies {
  std::vector<std::string> replies;
  std::vector<Value::Object> meta;
};
TextReplies text_replies(const ChatCompletions& chat, std::string prompt, std::optional<std::string> system_prompt,
                         const ChatOptions& options, const CallContext& context);

}  // namespace berth
