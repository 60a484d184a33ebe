/// Calls of tools in what a model wrote.
#pragma once

#include <optional>
#include <string_view>

#include "berth/chat_message.h"

namespace berth {

/// The call of a tool that a model wrote into its answer, as JSON with "name" and "arguments", where there is one
/// (Haystack's default_tool_parser).
std::optional<ToolCall> parse_tool_call(std::string_view text);

}  // namespace berth
