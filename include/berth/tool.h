/// Tools: what a model may ask for. Serialized forms are those of Haystack's classes of the same names.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "berth/value.h"

namespace berth {

/// What a model is told about a tool.
struct Tool {
  static constexpr std::string_view class_name = "Tool";

  std::string name = {};
  std::string description = {};
  Value::Object parameters = {};  ///< a JSON schema
  std::string type = "haystack.tools.tool.Tool";
  /// What else stands in its serialized form, such as the name of the Python function that does the work.
  Value::Object more = {};

  bool operator==(const Tool&) const = default;
  Value to_dict() const;  ///< {"type": ..., "data": {"name": ..., "description": ..., "parameters": ..., ...}}
  static Tool from_dict(const Value& dict);  ///< throws std::invalid_argument
};

/// Tools that belong together.
struct Toolset {
  static constexpr std::string_view class_name = "Toolset";

  std::vector<Tool> tools = {};
  std::string type = "haystack.tools.toolset.Toolset";

  bool operator==(const Toolset&) const = default;
  Value to_dict() const;                        ///< {"type": ..., "data": {"tools": [...]}}
  static Toolset from_dict(const Value& dict);  ///< throws std::invalid_argument
};

using Tools = std::variant<std::vector<std::variant<Tool, Toolset>>, Toolset>;

/// One after the other. Throws std::invalid_argument where two have the same name.
std::vector<Tool> flatten_tools(const Tools& tools);

}  // namespace berth
