/// Tool calls that come in pieces.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/chat_content.h"
#include "berth/streaming.h"
#include "berth/value.h"

namespace berth {

/// The arguments of a tool call. JSON of an object, or the object itself; nothing, null and [] are an empty one. None for
/// what is something else.
std::optional<Value::Object> tool_arguments(const Value& given);

/// The list of them in a message or a piece of one, or null. A single object is a list of one, and so is a
/// "function_call", which OpenAI had before.
Value tool_calls_of(const Value& message);

/// The "function" of a tool call; the call itself where it has a "name" of its own. Null for another kind of tool.
const Value& function_of(const Value& call);

/// An id or a name: null is "", an integer its digits. Throws std::invalid_argument for what is none.
std::string call_text(const Value& value);

/// What is told of a call that is left out as it has no name.
std::string without_name(std::string_view id, std::string_view arguments);

/// JSON that comes in pieces, and whether all of it is there.
class JsonPieces {
 public:
  void add(std::string_view piece);
  /// Whether the object or list that it opened is closed again.
  bool is_whole() const { return opened_ && depth_ == 0 && !in_text_; }
  const std::string& text() const { return text_; }
  /// The last piece where each began with all of the one before, as services send it that repeat what they said.
  const std::string& repeated() const { return repeated_; }

 private:
  std::string text_;
  std::string repeated_;
  std::size_t pieces_ = 0;
  std::ptrdiff_t depth_ = 0;
  bool opened_ = false;
  bool in_text_ = false;
  bool escaped_ = false;
};

/// Puts the pieces together. OpenAI numbers the calls ("index"); other services give each call the same number, or none,
/// tell the name with each piece, or tell an id with each piece. So a piece goes on with the call of its number, else of
/// its id, else with the last one, unless it says that it begins another: by a new id, or by a name after all arguments
/// of the call were there.
class ToolCallPieces {
 public:
  /// Takes the "tool_calls" of one piece of a message. Throws std::invalid_argument for what is none.
  std::vector<ToolCallDelta> add(const Value& tool_calls);

  /// In the order of their numbers. Calls without a name, or whose arguments are no JSON, are left out and told to `warn`.
  std::vector<ToolCall> calls(const std::function<void(const std::string&)>& warn) const;

 private:
  struct Piece {
    std::optional<std::size_t> index = {};
    bool has_function = false;
    std::string id = {};
    std::string name = {};
    std::string arguments = {};
  };
  struct Call {
    std::optional<std::size_t> index = {};  // that the service gave
    std::string id = {};
    std::string name = {};
    JsonPieces arguments = {};
  };

  static Piece read(const Value& delta);
  static bool tells_name_again(const Piece& piece, const Call& call);
  static bool begins_another(const Piece& piece, const Call& call);
  /// The number of the call that `piece` can go on with.
  std::optional<std::size_t> known(const Piece& piece) const;
  std::size_t place_of(const Piece& piece);

  std::map<std::size_t, Call> calls_;  // by the numbers that ToolCallDelta tells
  std::size_t last_ = 0;
  std::map<std::size_t, std::size_t> by_index_;  // the latest of each number of the service
  std::map<std::string, std::size_t> by_id_;
};

}  // namespace berth
