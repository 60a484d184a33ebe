/// A reply that comes in pieces.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "berth/chat_message.h"
#include "berth/streaming.h"
#include "berth/value.h"
#include "remote/tool_call_pieces.h"

namespace berth {

/// Puts the pieces together: takes chat.completion.chunk objects, gives StreamingChunks and in the end a message. A whole
/// chat.completion is one piece.
class ChatStream {
 public:
  /// Throws std::invalid_argument for what is no chat.completion.chunk.
  StreamingChunk add(const Value& chunk);

  /// Whether no piece had a part of a reply.
  bool is_empty() const { return choices_ == 0; }
  const std::string& text() const { return text_; }
  /// Whether the service said why it stopped, or gave the whole at once.
  bool is_finished() const { return finish_reason_.has_value() || is_whole_; }
  void set_finish_reason(std::string reason) { finish_reason_ = std::move(reason); }

  /// Tool calls that make no sense are left out, and told to `warn`.
  ChatMessage message(const std::function<void(const std::string&)>& warn) const;

 private:
  void add_choice(StreamingChunk& chunk, const Value& choice);

  std::size_t choices_ = 0;
  bool has_pieces_ = false;
  bool is_whole_ = false;
  std::string text_;
  std::string reasoning_;
  ToolCallPieces calls_;
  Value::Array logprobs_;
  std::optional<std::string> finish_reason_;
  Value model_;
  Value usage_;
  Value first_received_at_;
};

}  // namespace berth
