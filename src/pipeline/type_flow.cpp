#include "pipeline/type_flow.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "berth/chat_message.h"
#include "berth/value_traits.h"

namespace berth {
namespace {

const Type str = "str";
const Type chat_message = "ChatMessage";

bool contains(const Type& container, const Type& type) {
  return container == type ||
         (container.is_union() && std::ranges::find(container.args(), type) != container.args().end());
}

const Type* list_element(const Type& type) {
  return type.name() == "list" && !type.args().empty() ? &type.args().front() : nullptr;
}

Conversion conversion(const Type& sender, const Type& receiver);

/// The conversion that all alternatives of a sender share.
Conversion from_union(const Type& sender, const Type& receiver) {
  std::set<Conversion> found;
  for (const auto& each : sender.args()) found.insert(conversion(each, receiver));
  return found.size() == 1 ? *found.begin() : Conversion::none;
}

/// One that some alternative of a receiver allows, those that keep the value's own type first.
Conversion to_union(const Type& sender, const Type& receiver) {
  std::set<Conversion> found;
  for (const auto& each : receiver.args()) found.insert(conversion(sender, each));
  found.erase(Conversion::none);
  for (const auto preferred : {Conversion::wrap, Conversion::unwrap})
    if (found.contains(preferred)) return preferred;
  return found.empty() ? Conversion::none : *found.begin();
}

Conversion conversion(const Type& sender, const Type& receiver) {
  if (sender.is_union()) return from_union(sender, receiver);
  if (receiver.is_union()) return to_union(sender, receiver);
  if (sender == chat_message && receiver == str) return Conversion::chat_message_to_str;
  if (sender == str && receiver == chat_message) return Conversion::str_to_chat_message;
  if (const Type* element = list_element(receiver)) {
    if (is_subtype(sender, *element)) return Conversion::wrap;
    if (sender == chat_message && contains(*element, str)) return Conversion::wrap_chat_message_to_str;
    if (sender == str && contains(*element, chat_message)) return Conversion::wrap_str_to_chat_message;
  }
  if (const Type* element = list_element(sender)) {
    // Only these: of other lists nobody would notice that the rest is dropped.
    if (receiver.name() != "list" && (*element == str || *element == chat_message) && is_subtype(*element, receiver))
      return Conversion::unwrap;
    const auto inner = conversion(*element, receiver);
    if (inner == Conversion::str_to_chat_message) return Conversion::unwrap_str_to_chat_message;
    if (inner == Conversion::chat_message_to_str) return Conversion::unwrap_chat_message_to_str;
  }
  return Conversion::none;
}

Value text_of(const Value& value) {
  const auto message = from_value<ChatMessage>(value);
  if (!message.text()) throw std::invalid_argument("Cannot convert `ChatMessage` to `str` because it has no text. ");
  return *message.text();
}

Value message_of(const Value& value) { return ChatMessage::from_user(value.as_string()); }

const Value& only_one(const Value& value) {
  const auto& list = value.as_array();
  if (list.empty()) throw std::invalid_argument("Cannot get first item of an empty list. ");
  if (list.size() > 1)
    throw std::invalid_argument("Cannot unwrap a list of " + std::to_string(list.size()) +
                                " items to a single value: a list-to-scalar connection only accepts one-element lists; "
                                "otherwise items would be silently dropped.");
  return list.front();
}

}  // namespace

bool is_subtype(const Type& sender, const Type& receiver) {
  if (sender == receiver || receiver.is_any()) return true;
  if (sender.is_any()) return false;
  if (sender == Type("bool") && receiver == Type("int")) return true;  // as in Python
  if (receiver.is_union() && !sender.is_union())
    return std::ranges::any_of(receiver.args(), [&](const Type& each) { return is_subtype(sender, each); });
  if (sender.name() != receiver.name()) return false;

  // A bare "list" is a list of anything.
  const auto argument = [](const Type& type, std::size_t i) {
    return type.args().empty() ? Type::any() : type.args()[i];
  };
  const std::size_t count = std::max<std::size_t>(sender.args().size(), 1);
  if (!receiver.args().empty() && count > receiver.args().size()) return false;
  for (std::size_t i = 0; i < count; ++i)
    if (!is_subtype(argument(sender, i), argument(receiver, i))) return false;
  return true;
}

std::optional<Conversion> flow(const Type& sender, const Type& receiver) {
  if (is_subtype(sender, receiver)) return Conversion::none;
  const auto found = conversion(sender, receiver);
  if (found == Conversion::none) return std::nullopt;
  return found;
}

Value convert(const Value& value, Conversion conversion) {
  switch (conversion) {
    case Conversion::none:
      return value;
    case Conversion::chat_message_to_str:
      return text_of(value);
    case Conversion::str_to_chat_message:
      return message_of(value);
    case Conversion::wrap:
      return Value::Array{value};
    case Conversion::wrap_chat_message_to_str:
      return Value::Array{text_of(value)};
    case Conversion::wrap_str_to_chat_message:
      return Value::Array{message_of(value)};
    case Conversion::unwrap:
      return only_one(value);
    case Conversion::unwrap_str_to_chat_message:
      return message_of(only_one(value));
    case Conversion::unwrap_chat_message_to_str:
      return text_of(only_one(value));
  }
  return value;
}

}  // namespace berth
