/// Tools that a model is told of and may ask for.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "berth/chat_message.h"
#include "berth/value.h"

namespace berth {

/// What a chat template is told of Haystack's serialized tools ({"type": ..., "data": {"name", "description", "parameters"}}),
/// a list of them, one toolset or null: [{"name", "description", "parameters"}, ...].
/// Throws std::invalid_argument for another form and for a name that is there twice.
Value::Array tool_specs(const Value& tools);

/// The call of a tool that a model wrote into its answer, as JSON with "name" and "arguments", where there is one
/// (Haystack's default_tool_parser).
std::optional<ToolCall> parse_tool_call(std::string_view text);

}  // namespace berth
