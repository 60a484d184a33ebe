#include "remote/service_error.h"

#include <string_view>

namespace berth {
namespace {

/// As Python sees it: null, false, 0 and what is empty say nothing.
bool says_something(const Value& value) {
  if (value.is_string()) return !value.as_string().empty();
  if (value.is_object()) return !value.as_object().empty();
  if (value.is_array()) return !value.as_array().empty();
  return !value.is_null() && value != Value(false) && value != Value(0);
}

std::string message_in(const Value& error) {
  if (error.is_string()) return error.as_string();
  for (const auto* name : {"message", "error", "detail", "status_msg", "msg"}) {
    const Value* message = error.find(name);
    if (message != nullptr && says_something(*message))
      return message->is_string() ? message->as_string() : message->to_json();
  }
  return error.is_object() ? "An error occurred during streaming: " + error.to_json()
                           : "An error occurred during streaming";
}

const Value* find_in(const Value& object, std::string_view name, std::string_view inner) {
  const Value* found = object.find(name);
  return found == nullptr ? nullptr : found->find(inner);
}

/// Of an answer that is no part of a reply.
bool is_refusal(const Value& answer) {
  const auto says = [&](std::string_view name) {
    const Value* value = answer.find(name);
    return value != nullptr && says_something(*value);
  };
  const Value* type = answer.find("type");
  return says("detail") || (says("message") && (says("code") || says("status") || (type && *type == Value("error"))));
}

}  // namespace

std::optional<std::string> error_in(const Value& answer) {
  if (answer.is_array()) return answer.as_array().empty() ? std::nullopt : error_in(answer.as_array().front());
  if (const Value* error = answer.find("error"); error != nullptr && says_something(*error)) return message_in(*error);
  if (const Value* object = answer.find("object"); object != nullptr && *object == Value("error"))
    return message_in(answer);
  if (const Value* status = find_in(answer, "base_resp", "status_code"); status != nullptr && says_something(*status))
    return message_in(*answer.find("base_resp"));
  if (const Value* reason = answer.find("finish_reason"); reason != nullptr && *reason == Value("error"))
    return "The service ended the reply with an error";
  if (const Value* choices = answer.find("choices"); choices != nullptr && choices->is_array())
    return error_in(*choices);
  if (answer.is_object() && is_refusal(answer)) return message_in(answer);
  return std::nullopt;
}

}  // namespace berth
