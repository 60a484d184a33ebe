#include "berth/tool.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <stdexcept>

#include "text/printable.h"

namespace berth {
namespace {

const Value& part(const Value& object, std::string_view name) {
  const Value* value = object.find(name);
  if (value == nullptr) throw std::invalid_argument(fmt::format("'{}' is missing in a serialized tool", name));
  return *value;
}

}  // namespace

Value Tool::to_dict() const {
  Value::Object data{{"name", name}, {"description", description}, {"parameters", parameters}};
  for (const auto& [key, value] : more) data.set(key, value);
  return Value::Object{{"type", type}, {"data", std::move(data)}};
}

Tool Tool::from_dict(const Value& dict) {
  Tool tool;
  tool.type = part(dict, "type").as_string();
  const auto& data = part(dict, "data");
  tool.name = part(data, "name").as_string();
  tool.description = part(data, "description").as_string();
  tool.parameters = part(data, "parameters").as_object();
  tool.more = data.as_object();
  for (const auto* known : {"name", "description", "parameters"}) tool.more.erase(known);
  return tool;
}

Value Toolset::to_dict() const {
  Value::Array array;
  for (const auto& tool : tools) array.push_back(tool.to_dict());
  return Value::Object{{"type", type}, {"data", Value::Object{{"tools", std::move(array)}}}};
}

Toolset Toolset::from_dict(const Value& dict) {
  Toolset set;
  set.type = part(dict, "type").as_string();
  for (const auto& tool : part(part(dict, "data"), "tools").as_array()) set.tools.push_back(Tool::from_dict(tool));
  return set;
}

std::vector<Tool> flatten_tools(const Tools& tools) {
  std::vector<Tool> flat;
  const auto append = [&](const Toolset& set) { flat.insert(flat.end(), set.tools.begin(), set.tools.end()); };
  if (const auto* set = std::get_if<Toolset>(&tools)) append(*set);
  if (const auto* list = std::get_if<0>(&tools))
    for (const auto& each : *list) {
      if (const auto* set = std::get_if<Toolset>(&each)) append(*set);
      if (const auto* tool = std::get_if<Tool>(&each)) flat.push_back(*tool);
    }

  std::set<std::string> seen;
  std::set<std::string> twice;
  for (const auto& tool : flat)
    if (!seen.insert(tool.name).second) twice.insert(in_quotes(tool.name));
  if (!twice.empty())
    throw std::invalid_argument(fmt::format("Duplicate tool names found: {{{}}}", fmt::join(twice, ", ")));
  return flat;
}

}  // namespace berth
