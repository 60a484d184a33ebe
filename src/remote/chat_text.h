/// The words of a message, or of a piece of one, in the forms that services give them.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "berth/value.h"

namespace berth {

struct ChatText {
  std::optional<std::string> content = {};  ///< what the model answers
  std::string reasoning = {};               ///< what it thought before
};

/// Of "message" or "delta". The content is a text or a list of parts; thoughts stand in parts of their own or in a field,
/// whose name differs ("reasoning_content", "reasoning", "reasoning_details", ...) and which some services give twice.
/// Throws std::invalid_argument where it is no message.
ChatText chat_text(const Value& message);

/// The first of these entries of a choice that is there, or its "text" as the content of a message. Null where it has nothing.
Value message_of(const Value& choice, std::initializer_list<std::string_view> names);

/// Why the model stopped. None for null and for "", which some services send until then.
std::optional<std::string> finish_reason_of(const Value& choice);

}  // namespace berth
