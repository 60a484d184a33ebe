/// A reply that comes in pieces.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "berth/chat_message.h"
#include "berth/streaming.h"
#include "berth/value.h"

namespace berth {

/// The arguments of a tool call: a JSON object, an empty text being an empty one. None for what is something else.
std::optional<Value::Object> tool_arguments(const std::string& json);

/// Puts the pieces together: takes chat.completion.chunk objects, gives StreamingChunks and in the end a message.
class ChatStream {
 public:
  /// Throws std::invalid_argument for what is no chat.completion.chunk.
  StreamingChunk add(const Value& chunk);

  /// Whether the service said why it stopped.
  bool is_finished() const { return finish_reason_.has_value(); }
  void set_finish_reason(std::string reason) { finish_reason_ = std::move(reason); }

  /// Tool calls whose arguments are no JSON are left out, and told to `warn`.
  ChatMessage message(const std::function<void(const std::string&)>& warn) const;

 private:
  struct Call {
    std::string id;
    std::string name;
    std::string arguments;
  };

  std::size_t chunks_ = 0;
  std::string text_;
  std::map<std::size_t, Call> calls_;
  Value::Array logprobs_;
  std::optional<std::string> finish_reason_;
  Value model_;
  Value usage_;
  Value first_received_at_;
};

}  // namespace berth
