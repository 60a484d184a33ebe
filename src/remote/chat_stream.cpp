#include "remote/chat_stream.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <stdexcept>

#include "berth/error.h"
#include "berth/value_traits.h"
#include "remote/entry.h"
#include "text/printable.h"

namespace berth {
namespace {

/// As Python's datetime.now().isoformat().
std::string local_time_now() {
  using namespace std::chrono;
  const auto now = time_point_cast<microseconds>(system_clock::now());
  const std::time_t seconds = system_clock::to_time_t(now);
  std::tm local{};
  localtime_r(&seconds, &local);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}", local, now.time_since_epoch().count() % 1'000'000);
}

std::optional<std::string> text(const Value& object, std::string_view name) {
  return from_value<std::optional<std::string>>(entry(object, name));
}

/// The reasons that Haystack knows, by its names.
std::optional<std::string> known_reason(const std::optional<std::string>& reason) {
  if (reason == "function_call") return "tool_calls";
  if (reason == "stop" || reason == "length" || reason == "content_filter" || reason == "tool_calls") return reason;
  return std::nullopt;
}

std::vector<ToolCallDelta> tool_calls(const Value& deltas) {
  std::vector<ToolCallDelta> calls;
  if (deltas.is_null()) return calls;
  for (const auto& delta : deltas.as_array()) {
    ToolCallDelta call{.index = from_value<std::optional<std::size_t>>(entry(delta, "index")).value_or(0),
                       .id = text(delta, "id")};
    if (const auto& function = entry(delta, "function"); !function.is_null()) {
      call.tool_name = text(function, "name");
      call.arguments = text(function, "arguments");
      if (call.arguments == "") call.arguments.reset();
    }
    calls.push_back(std::move(call));
  }
  return calls;
}

}  // namespace

std::optional<Value::Object> tool_arguments(const std::string& json) {
  if (json.empty()) return Value::Object{};
  try {
    auto arguments = Value::from_json(json);
    if (arguments.is_object()) return std::move(arguments.as_object());
  } catch (const FormatError&) {
  }
  return std::nullopt;
}

StreamingChunk ChatStream::add(const Value& json) {
  StreamingChunk chunk;
  const Value& usage = entry(json, "usage");
  const Value received_at = local_time_now();
  model_ = entry(json, "model");
  if (!usage.is_null()) usage_ = usage;
  if (chunks_++ == 0) first_received_at_ = received_at;

  const auto& choices = entry(json, "choices");
  if (choices.as_array().empty()) {  // the last one tells the usage only
    chunk.meta = {{"model", model_}, {"received_at", received_at}, {"usage", usage}};
    return chunk;
  }
  const auto& choice = choices.as_array().front();
  const auto reason = text(choice, "finish_reason");
  chunk.finish_reason = known_reason(reason);
  if (reason) finish_reason_ = chunk.finish_reason.value_or(*reason);
  chunk.meta = {{"model", model_},
                {"index", entry(choice, "index")},
                {"tool_calls", Value()},
                {"finish_reason", entry(choice, "finish_reason")},
                {"received_at", received_at},
                {"usage", usage}};

  const auto& delta = entry(choice, "delta");
  if (!delta.is_null()) {
    chunk.content = text(delta, "content").value_or("");
    chunk.tool_calls = tool_calls(entry(delta, "tool_calls"));
  }
  if (!chunk.tool_calls.empty()) {
    chunk.meta.set("tool_calls", entry(delta, "tool_calls"));
    chunk.index = chunk.tool_calls.front().index;
    chunk.start = chunk.tool_calls.front().tool_name.has_value();
  } else {
    chunk.start = chunks_ == 2;  // the first one tells the role only
    if (const auto& logprobs = entry(choice, "logprobs"); !logprobs.is_null()) {
      chunk.meta.set("logprobs", logprobs);
      logprobs_.push_back(logprobs);
    }
  }

  text_ += chunk.content;
  for (const auto& call : chunk.tool_calls) {
    auto& all = calls_[call.index];
    if (call.id) all.id = *call.id;
    all.name += call.tool_name.value_or("");
    all.arguments += call.arguments.value_or("");
  }
  return chunk;
}

ChatMessage ChatStream::message(const std::function<void(const std::string&)>& warn) const {
  std::vector<ToolCall> calls;
  for (const auto& [index, call] : calls_) {
    if (auto arguments = tool_arguments(call.arguments))
      calls.push_back({.tool_name = call.name, .arguments = *std::move(arguments), .id = call.id});
    else
      warn(
          fmt::format("The LLM provider returned a malformed JSON string for tool call arguments. This tool call will "
                      "be skipped. To always generate a valid JSON, set `tools_strict` to `True`. Tool call ID: {}, "
                      "Tool name: {}, Arguments: {}",
                      printable(call.id), printable(call.name), printable(call.arguments)));
  }
  Value::Object meta{{"model", model_},
                     {"index", 0},
                     {"finish_reason", finish_reason_ ? Value(*finish_reason_) : Value()},
                     {"completion_start_time", first_received_at_},
                     {"usage", usage_}};
  if (!logprobs_.empty()) meta.set("logprobs", logprobs_);
  return ChatMessage::from_assistant(text_.empty() ? std::nullopt : std::optional(text_), std::move(meta), {},
                                     std::move(calls));
}

}  // namespace berth
