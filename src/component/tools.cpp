#include "component/tools.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "berth/error.h"
#include "text/printable.h"
#include "text/regex.h"

namespace berth {
namespace {

void add_specs(const Value& tools, Value::Array& specs) {
  if (tools.is_null()) return;
  if (tools.is_array()) {
    for (const auto& tool : tools.as_array()) add_specs(tool, specs);
    return;
  }
  const Value* data = tools.find("data");
  if (data == nullptr) data = &tools;
  if (const Value* members = data->find("tools")) return add_specs(*members, specs);
  Value::Object spec;
  for (const auto* name : {"name", "description", "parameters"}) {
    const Value* value = data->find(name);
    if (value == nullptr)
      throw std::invalid_argument(fmt::format("A tool has a name, a description and parameters; '{}' is missing", name));
    spec.set(name, *value);
  }
  (void)spec.at("name").as_string();
  specs.push_back(std::move(spec));
}

}  // namespace

Value::Array tool_specs(const Value& tools) {
  Value::Array specs;
  add_specs(tools, specs);
  std::set<std::string> names;
  std::set<std::string> twice;
  for (const auto& spec : specs)
    if (const auto& name = spec.find("name")->as_string(); !names.insert(name).second) twice.insert(printable(name));
  if (!twice.empty()) throw std::invalid_argument(fmt::format("Duplicate tool names found: {}", fmt::join(twice, ", ")));
  return specs;
}

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
