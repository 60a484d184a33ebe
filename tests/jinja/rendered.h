#pragma once

#include <stdexcept>
#include <string>

#include "jinja/template.h"

namespace berth::test {

inline std::string rendered(const std::string& source, const Value::Object& variables = {}) {
  return JinjaTemplate(source).render(variables);
}

/// What the error says that `source` ends with, or how long its text is where there is none.
inline std::string refusal(const std::string& source, const Value::Object& variables = {}) {
  try {
    return "rendered " + std::to_string(rendered(source, variables).size()) + " bytes";
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
}

}  // namespace berth::test
