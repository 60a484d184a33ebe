#include "remote/chat_stream.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <utility>

#include "remote/chat_text.h"
#include "remote/entry.h"

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

/// The reasons that Haystack knows, by its names.
std::optional<std::string> known_reason(const std::optional<std::string>& reason) {
  if (reason == "function_call") return "tool_calls";
  if (reason == "stop" || reason == "length" || reason == "content_filter" || reason == "tool_calls") return reason;
  return std::nullopt;
}

/// Most services tell it in the last piece, Moonshot's in the last choice and Groq's in a field of its own.
const Value& usage_of(const Value& json, const Value* choice) {
  const Value* own = json.find("x_groq");
  for (const Value* place : {&json, choice, own})
    if (const Value* usage = place == nullptr ? nullptr : place->find("usage"); usage != nullptr && !usage->is_null())
      return *usage;
  return entry(json, "usage");
}

}  // namespace

StreamingChunk ChatStream::add(const Value& json) {
  const auto& choices = entry(json, "choices");
  const Value* choice = choices.is_null() || choices.as_array().empty() ? nullptr : &choices.as_array().front();
  const Value& usage = usage_of(json, choice);
  if (!usage.is_null()) usage_ = usage;
  if (const auto& model = entry(json, "model"); model_.is_null() || (model.is_string() && model != Value("")))
    model_ = model;

  StreamingChunk chunk;
  chunk.meta = {{"model", model_}, {"received_at", local_time_now()}, {"usage", usage}};
  if (first_received_at_.is_null()) first_received_at_ = chunk.meta.at("received_at");
  if (choice != nullptr) add_choice(chunk, *choice);
  return chunk;
}

void ChatStream::add_choice(StreamingChunk& chunk, const Value& choice) {
  ++choices_;
  const auto reason = finish_reason_of(choice);
  chunk.finish_reason = known_reason(reason);
  if (reason) finish_reason_ = chunk.finish_reason.value_or(*reason);
  const auto delta = message_of(choice, {"delta", "message"});
  const bool has_message = entry(choice, "delta").is_null() && !entry(choice, "message").is_null();
  is_whole_ |= has_message;
  const auto calls = delta.is_null() ? Value() : tool_calls_of(delta);
  chunk.meta.set("index", entry(choice, "index"));
  chunk.meta.set("tool_calls", calls);
  chunk.meta.set("finish_reason", entry(choice, "finish_reason"));
  if (const auto& logprobs = entry(choice, "logprobs"); !logprobs.is_null() && calls.is_null()) {
    chunk.meta.set("logprobs", logprobs);
    logprobs_.push_back(logprobs);
  }
  if (delta.is_null() || (has_message && has_pieces_)) return;  // MiniMax's last piece is all of the message again

  auto text = chat_text(delta);
  chunk.content = std::move(text.content).value_or("");
  chunk.tool_calls = calls_.add(calls);
  if (!text.reasoning.empty()) chunk.reasoning = ReasoningContent{.reasoning_text = std::move(text.reasoning)};
  // What a piece begins: a tool call, the thoughts or the text, which comes after them.
  if (!chunk.tool_calls.empty()) {
    chunk.index = chunk.tool_calls.front().index;
    chunk.start = chunk.tool_calls.front().tool_name.has_value();
  } else if (chunk.reasoning) {
    chunk.start = reasoning_.empty();
  } else {
    chunk.index = reasoning_.empty() ? 0 : 1;
    chunk.start = text_.empty() && !chunk.content.empty();
  }
  text_ += chunk.content;
  if (chunk.reasoning) reasoning_ += chunk.reasoning->reasoning_text;
  has_pieces_ |= !has_message && (!chunk.content.empty() || chunk.reasoning || !chunk.tool_calls.empty());
}

ChatMessage ChatStream::message(const std::function<void(const std::string&)>& warn) const {
  Value::Object meta{{"model", model_},
                     {"index", 0},
                     {"finish_reason", finish_reason_ ? Value(*finish_reason_) : Value()},
                     {"completion_start_time", first_received_at_},
                     {"usage", usage_}};
  if (!logprobs_.empty()) meta.set("logprobs", logprobs_);
  std::optional<ReasoningContent> reasoning;
  if (!reasoning_.empty()) reasoning = ReasoningContent{.reasoning_text = reasoning_};
  return ChatMessage::from_assistant(text_.empty() ? std::nullopt : std::optional(text_), std::move(meta), {},
                                     calls_.calls(warn), std::move(reasoning));
}

}  // namespace berth
