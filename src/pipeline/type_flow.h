/// Which types may flow from an output to an input: as strict as Haystack, with the conversions that it makes.
#pragma once

#include <optional>

#include "berth/type.h"
#include "berth/value.h"

namespace berth {

/// What is done to a value on its way.
enum class Conversion {
  none,
  chat_message_to_str,
  str_to_chat_message,
  wrap,  ///< T to list[T]
  wrap_chat_message_to_str,
  wrap_str_to_chat_message,
  unwrap,  ///< a list of one str or ChatMessage to that
  unwrap_str_to_chat_message,
  unwrap_chat_message_to_str
};

/// Whether a value of type `sender` is one of type `receiver` as it is.
bool is_subtype(const Type& sender, const Type& receiver);

/// How a value of type `sender` gets to an input of type `receiver`; none where it cannot.
std::optional<Conversion> flow(const Type& sender, const Type& receiver);

/// Throws std::invalid_argument for a message without text and a list that does not have one element.
Value convert(const Value& value, Conversion conversion);

}  // namespace berth
