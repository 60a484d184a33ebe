#include "component/sandboxed_template.h"

#include <fmt/format.h>

#include <utility>

#include "text/printable.h"
#include "value/python_literal.h"

namespace berth {

JinjaTemplate sandboxed_template(const std::string& source, const OrderedMap<Value>& custom_filters, bool strict) {
  jinja::Environment environment;
  environment.checks_functions = custom_filters.empty();
  environment.strict_undefined = strict;
  return {source, environment};
}

std::optional<std::string> problem_of_templates(std::string_view component, bool unsafe,
                                                const OrderedMap<Value>& custom_filters) {
  if (unsafe)
    return fmt::format(
        "{}: templates run in the sandbox only, and unsafe=True asks for more: set it to false. A template gives a "
        "text or a "
        "literal then; a ConditionalRouter hands on other values with output_passthrough",
        component);
  if (!custom_filters.empty())
    return fmt::format(
        "{}: the custom filter {} is a function of Python's, which cannot run here: use Jinja's own filters", component,
        in_quotes(custom_filters.front().first));
  return std::nullopt;
}

Value value_of_rendered(std::string text) {
  if (auto literal = python_literal(text)) return *std::move(literal);
  return Value(std::move(text));
}

}  // namespace berth
