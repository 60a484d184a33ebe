// Templates with what Python's implementations render them to.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "berth/document.h"
#include "jinja/template.h"

namespace berth::test {

inline std::string_view kind_name(TemplateError::Kind kind) {
  static constexpr std::array<std::string_view, 7> names = {"syntax", "undefined",     "security", "type",
                                                            "value",  "zero_division", "other"};
  return names[static_cast<std::size_t>(kind)];
}

/// The variables of a case, with its documents as such.
inline Value::Object variables_of(const Value::Object& each) {
  auto variables = each.at("variables").as_object();
  const Value* documents = each.find("documents");
  if (documents == nullptr) return variables;
  for (const auto& name : documents->as_array()) {
    Value::Array list;
    for (const auto& entry : variables.at(name.as_string()).as_array()) list.push_back(Document::from_dict(entry));
    variables.set(name.as_string(), std::move(list));
  }
  return variables;
}

/// The text, or the kind of error.
inline std::string outcome(const Value::Object& each) {
  const bool chat = each.at("group").as_string() == "chat";
  try {
    const JinjaTemplate parsed(each.at("template").as_string(),
                               chat ? JinjaTemplate::Kind::chat : JinjaTemplate::Kind::text);
    return "text " + parsed.render(variables_of(each));
  } catch (const TemplateError& error) {
    return "error " + std::string(kind_name(error.kind()));
  }
}

/// What outcome() is to be.
inline std::string expected_outcome(const Value::Object& each) {
  const Value* text = each.find("expected");
  return text == nullptr ? "error " + each.at("error").as_string() : "text " + text->as_string();
}

}  // namespace berth::test
