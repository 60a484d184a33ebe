/// What is sent for a chat.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "berth/chat_message.h"
#include "berth/tool.h"
#include "berth/value.h"

namespace berth {

/// A JSON schema as OpenAI's strict mode wants it: objects have no other properties, and all that they have are required
/// (https://platform.openai.com/docs/guides/structured-outputs#supported-schemas).
Value::Object strict_schema(Value::Object schema);

/// The body of a request: `generation_kwargs` stand in it as they are, those of "extra_body" too.
/// Throws std::invalid_argument.
Value::Object chat_body(const std::string& model, std::span<const ChatMessage> messages, const std::vector<Tool>& tools,
                        bool tools_strict, Value::Object generation_kwargs, bool stream);

}  // namespace berth
