#include "remote/chat_completions.h"

#include <fmt/format.h>

#include <stdexcept>

#include "berth/error.h"
#include "berth/value_traits.h"
#include "remote/chat_answer.h"
#include "remote/chat_body.h"
#include "remote/chat_stream.h"
#include "remote/chat_text.h"
#include "remote/entry.h"
#include "remote/service_error.h"
#include "text/printable.h"
#include "value/lenient_json.h"

namespace berth {
namespace {

/// What `read` makes of `answer`; where that cannot be understood, it is the service's fault.
template <class Read>
auto understood(const HttpRequest& request, std::string_view answer, Read&& read) {
  try {
    return read();
  } catch (const FormatError& problem) {
    throw not_json(request, problem, answer);
  } catch (const std::invalid_argument& problem) {
    throw remote_error(request, fmt::format("The answer is no chat completion: {}", problem.what()));
  }
}

void check_for_error(const HttpRequest& request, const Value& answer) {
  if (const auto message = error_in(answer)) throw remote_error(request, *message);
}

/// `error`, with what had come of the reply.
RemoteError with_text(const HttpRequest& request, const RemoteError& error, const std::string& text_so_far) {
  if (text_so_far.empty()) return error;
  const auto text = redacted(text_so_far, request.secrets);
  return RemoteError(fmt::format("{}; the text so far: {}", error.what(), printable(text, 1000)), error.status(), text);
}

/// Services send back what they were sent, keys among it.
void warn(const CallContext& context, const HttpRequest& request, const std::string& message) {
  if (context.log) context.log(LogLevel::warning, redacted(message, request.secrets));
}

std::vector<ToolCall> calls_of(const Value& message, const std::function<void(std::string)>& warn) {
  std::vector<ToolCall> calls;
  const auto given = tool_calls_of(message);
  if (given.is_null()) return calls;
  for (const auto& call : given.as_array()) {
    if (call.is_null()) continue;
    const auto& function = function_of(call);
    if (function.is_null()) continue;  // a custom tool's
    const auto& given_id = entry(call, "id");
    const auto id = call_text(given_id);
    const auto name = call_text(entry(function, "name"));
    const auto& given_arguments = entry(function, "arguments");
    const auto shown = given_arguments.is_string() ? given_arguments.as_string() : given_arguments.to_json();
    auto arguments = tool_arguments(given_arguments);
    if (name.empty())
      warn(without_name(id, shown));
    else if (arguments)
      calls.push_back({.tool_name = name,
                       .arguments = *std::move(arguments),
                       .id = given_id.is_null() ? std::nullopt : std::optional(id)});
    else
      warn(
          fmt::format("OpenAI returned a malformed JSON string for tool call arguments. This tool call will be "
                      "skipped. To always generate a valid JSON, set `tools_strict` to `True`. Tool call ID: {}, "
                      "Tool name: {}, Arguments: {}",
                      printable(id), printable(name), printable(shown)));
  }
  return calls;
}

ChatMessage reply_of(const Value& completion, const Value& choice, const std::function<void(std::string)>& warn) {
  const auto message = message_of(choice, {"message", "delta"});
  auto calls = calls_of(message, warn);
  auto text = chat_text(message);
  const auto reason = finish_reason_of(choice);
  Value::Object meta{{"model", entry(completion, "model")},
                     {"index", entry(choice, "index")},
                     {"finish_reason", reason ? Value(*reason) : Value()},
                     {"usage", entry(completion, "usage")}};
  if (const auto& logprobs = entry(choice, "logprobs"); !logprobs.is_null()) meta.set("logprobs", logprobs);
  std::optional<ReasoningContent> reasoning;
  if (!text.reasoning.empty()) reasoning = ReasoningContent{.reasoning_text = std::move(text.reasoning)};
  return ChatMessage::from_assistant(std::move(text.content), std::move(meta), {}, std::move(calls),
                                     std::move(reasoning));
}

StreamingChunk add_to(ChatStream& stream, const HttpRequest& request, const Value& json) {
  check_for_error(request, json);
  return understood(request, {}, [&] { return stream.add(json); });
}

void check_end(ChatAnswer& answer, const ChatStream& stream, const HttpRequest& request) {
  answer.finish();
  if (!answer.is_done() && !stream.is_finished())
    throw remote_error(request, answer.has_json() ? "The stream ended before the reply did"
                                                  : "The answer is neither events nor JSON: " + answer.beginning());
  if (stream.is_empty()) throw remote_error(request, "The answer is no chat completion: it has no choices");
}

}  // namespace

ChatCompletions::ChatCompletions(ChatEndpoint endpoint, std::string model, ChatOptions options, LogCallback log)
    : endpoint_(std::move(endpoint)),
      http_(endpoint_.http),
      model_(std::move(model)),
      options_(std::move(options)),
      log_(std::move(log)) {
  if (options_.tools) (void)flatten_tools(*options_.tools);
}

std::vector<ChatMessage> ChatCompletions::run(std::span<const ChatMessage> messages, const ChatOptions& options,
                                              const CallContext& given) const {
  const auto context = given.logging_to(log_);
  auto kwargs = options_.generation_kwargs.value_or(Value::Object{});
  for (const auto& [name, value] : options.generation_kwargs.value_or(Value::Object{})) kwargs.set(name, value);
  const auto& callback = options.streaming_callback ? options.streaming_callback : options_.streaming_callback;
  const auto& tools = options.tools ? options.tools : options_.tools;
  const bool strict = options.tools_strict.value_or(options_.tools_strict.value_or(false));

  HttpRequest request{.url = endpoint_.url, .headers = endpoint_.headers, .secrets = endpoint_.secrets};
  if (const Value* more = kwargs.find("extra_headers"); more != nullptr && !more->is_null())
    for (const auto& [name, value] : more->as_object()) {
      request.headers.emplace_back(name, value.as_string());
      add_if_secret(request.secrets, value.as_string());
    }
  kwargs.erase("extra_headers");
  const auto body = chat_body(model_, messages, tools ? flatten_tools(*tools) : std::vector<Tool>{}, strict,
                              std::move(kwargs), static_cast<bool>(callback));
  request.body = Value(body).to_json();

  std::vector<ChatMessage> replies;
  if (callback)
    replies.push_back(streamed(request, callback, context));
  else
    replies = at_once(request, context);
  for (const auto& reply : replies) {
    const auto reason = reply.meta().at("finish_reason");
    const auto index = reply.meta().at("index").to_json();
    if (reason == Value("length"))
      warn(context, request,
           fmt::format("The completion for index {} has been truncated before reaching a natural stopping "
                       "point. Increase the max_completion_tokens parameter to allow for longer completions.",
                       index));
    if (reason == Value("content_filter"))
      warn(context, request,
           fmt::format("The completion for index {} has been truncated due to the content filter.", index));
  }
  return replies;
}

std::vector<ChatMessage> ChatCompletions::at_once(const HttpRequest& request, const CallContext& context) const {
  std::string text;
  try {
    text = http_.post(request, context);
  } catch (const Cancelled&) {
    return {};
  }
  const auto warn_of = [&](const std::string& message) { warn(context, request, message); };
  if (ChatAnswer::is_event_stream(text)) {  // which was not asked for
    ChatStream stream;
    try {
      ChatAnswer answer(request, [&](const Value& json) { (void)add_to(stream, request, json); });
      answer.feed(text);
      check_end(answer, stream, request);
    } catch (const RemoteError& error) {
      throw with_text(request, error, stream.text());
    }
    return {stream.message(warn_of)};
  }
  return understood(request, text, [&] {
    const auto answer = from_lenient_json(text);
    check_for_error(request, answer);
    std::vector<ChatMessage> replies;
    for (const auto& choice : entry(answer, "choices").as_array()) replies.push_back(reply_of(answer, choice, warn_of));
    return replies;
  });
}

ChatMessage ChatCompletions::streamed(HttpRequest request, const StreamingCallback& callback,
                                      const CallContext& context) const {
  ChatStream stream;
  ChatAnswer answer(request, [&](const Value& json) {
    if (!context.stop.stop_requested()) callback.call(add_to(stream, request, json));
  });
  bool is_refused = false;  // by what reads it
  request.on_data = [&](std::string_view data) {
    is_refused = true;
    answer.feed(data);
    is_refused = false;
  };
  const auto post = [&] {
    try {
      http_.post(request, context);
    } catch (const RemoteError&) {  // behind the end of the reply a connection may break
      if (is_refused || !(answer.is_done() || stream.is_finished())) throw;
    }
  };
  try {
    post();
    check_end(answer, stream, request);
  } catch (const Cancelled&) {
    if (!context.stop.stop_requested()) throw;
    if (!stream.is_finished()) stream.set_finish_reason("cancelled");
  } catch (const RemoteError& error) {
    throw with_text(request, error, stream.text());
  }
  return stream.message([&](const std::string& message) { warn(context, request, message); });
}

std::vector<ChatMessage> chat_replies(const ChatCompletions& chat,
                                      const std::variant<std::vector<ChatMessage>, std::string>& messages,
                                      const ChatOptions& options, const CallContext& context) {
  if (const auto* text = std::get_if<std::string>(&messages)) {
    const auto message = ChatMessage::from_user(*text);
    return chat.run(std::span(&message, 1), options, context);
  }
  const auto& all = std::get<std::vector<ChatMessage>>(messages);
  return all.empty() ? std::vector<ChatMessage>{} : chat.run(all, options, context);
}

TextReplies text_replies(const ChatCompletions& chat, std::string prompt, std::optional<std::string> system_prompt,
                         const ChatOptions& options, const CallContext& context) {
  std::vector<ChatMessage> messages;
  if (system_prompt) messages.push_back(ChatMessage::from_system(*std::move(system_prompt)));
  messages.push_back(ChatMessage::from_user(std::move(prompt)));
  TextReplies result;
  for (const auto& reply : chat.run(messages, options, context)) {
    result.replies.push_back(reply.text().value_or(""));
    result.meta.push_back(reply.meta());
  }
  return result;
}

}  // namespace berth
