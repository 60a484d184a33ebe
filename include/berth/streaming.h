/// Generated text as it comes.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/chat_content.h"
#include "berth/value.h"
#include "berth/value_traits.h"

namespace berth {

/// A part of a call that a model wants done, as Haystack's class of that name.
struct ToolCallDelta {
  std::size_t index = 0;  ///< of the call
  std::optional<std::string> tool_name = {};
  std::optional<std::string> arguments = {};  ///< a piece of JSON
  std::optional<std::string> id = {};

  bool operator==(const ToolCallDelta&) const = default;
};

/// A piece of generated text, as soon as it is certain: whole UTF-8 characters, never a part of a stop word.
struct StreamingChunk {
  std::string content = {};
  /// Of the completion. From a remote model, of the tool call that the piece belongs to; else 0 for the first block,
  /// thoughts or text, and 1 for the text after thoughts.
  std::size_t index = 0;

  /// What remote models say besides.
  std::vector<ToolCallDelta> tool_calls = {};
  std::optional<ReasoningContent> reasoning = {};  ///< a piece of the thoughts
  bool start = false;                              ///< of the text, the thoughts or a tool call
  std::optional<std::string> finish_reason = {};   ///< "stop", "length", "tool_calls", "content_filter"
  Value::Object meta = {};                         ///< model, index, finish_reason, received_at, usage, ...
};

/// Called with each piece of text while it is generated. In a serialized component it stands by its `name`.
struct StreamingCallback {
  std::string name;  ///< "haystack.components.generators.utils.print_streaming_chunk", or empty: cannot be serialized
  std::function<void(const StreamingChunk&)> call;

  /// The callback of that name; std::invalid_argument for one that is not known. Known is print_streaming_chunk, which
  /// writes to standard output.
  static StreamingCallback from_name(std::string_view name);

  explicit operator bool() const { return static_cast<bool>(call); }
};

/// How a Value holds a callback. Its dictionary form is the name, as a string.
struct SharedStreamingCallback {
  static constexpr std::string_view class_name = "StreamingCallback";

  std::shared_ptr<const StreamingCallback> callback = {};

  bool operator==(const SharedStreamingCallback&) const = default;
  Value to_dict() const;  ///< throws std::invalid_argument where it has no name
  static SharedStreamingCallback from_dict(const Value& name);
};

/// None is null.
template <>
struct ValueTraits<StreamingCallback> {
  static Type type() { return Type::optional("StreamingCallback"); }
  static Value to_value(StreamingCallback callback);
  static StreamingCallback from_value(const Value& value);
};

}  // namespace berth
