#include "component/tool_parser.h"

#include "berth/error.h"
#include "text/regex.h"

namespace berth {
std::optional<ToolCall> parse_tool_call(std::string_view text) {
  static const Regex pattern(
      R"re((?s)(?:<tool_call>)?(?:\s*\{.*?"name"\s*:\s*"([^"]+)".*?"arguments"\s*:\s*(\{[^}]+\}).*?\})re"
      R"re(|\{.*?"function"\s*:\s*\{.*?"name"\s*:\s*"([^"]+)".*?"arguments"\s*:\s*(\{[^}]+\}).*?\}))re");
  const auto match = pattern.search(text);
  if (!match) return std::nullopt;
  const bool plain = match->groups[1].has_value();
  try {
    const auto arguments = Value::from_json(match->group(plain ? 2 : 4));
    if (!arguments.is_object()) return std::nullopt;
    return ToolCall{std::string(match->group(plain ? 1 : 3)), arguments.as_object()};
  } catch (const FormatError&) {
    return std::nullopt;
  }
}

}  // namespace berth
