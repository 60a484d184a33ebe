#include "component/prompt_variables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "text/printable.h"
#include "value/python_text.h"

namespace berth {
namespace {

const std::vector<std::string>* list_of(const std::optional<RequiredVariables>& required) {
  return required ? std::get_if<std::vector<std::string>>(&*required) : nullptr;
}

bool all_required(const std::optional<RequiredVariables>& required) {
  return required && std::holds_alternative<std::string>(*required);
}

/// As Python writes a set.
std::string set_text(const Value::Object& variables) {
  std::vector<std::string> names;
  for (const auto& [name, value] : variables) names.push_back(python_repr(name));
  return names.empty() ? "set()" : fmt::format("{{{}}}", fmt::join(names, ", "));
}

}  // namespace

void check_required_variables(const std::optional<RequiredVariables>& required) {
  if (all_required(required) && std::get<std::string>(*required) != "*")
    throw std::invalid_argument(fmt::format("required_variables is {}: it is a list of names or \"*\" for all",
                                            in_quotes(std::get<std::string>(*required))));
}

std::vector<std::string> without_repeats(const std::vector<std::string>& names) {
  std::vector<std::string> once;
  for (const auto& name : names)
    if (std::ranges::find(once, name) == once.end()) once.push_back(name);
  return once;
}

bool is_required(const std::optional<RequiredVariables>& required, const std::string& name) {
  const auto* list = list_of(required);
  return all_required(required) || (list != nullptr && std::ranges::find(*list, name) != list->end());
}

Value::Object gather_variables(const Run& run, const PromptVariables& variables,
                               const std::optional<Value::Object>& template_variables,
                               const std::optional<RequiredVariables>& required, std::string_view component) {
  Value::Object values;
  for (const auto& [name, input] : variables) values.set(name, run.value(input));
  if (template_variables)
    for (const auto& [name, value] : *template_variables) values.set(name, value);

  const auto* names = list_of(required);  // where all are required, all are inputs that must be given
  if (names == nullptr) return values;
  std::vector<std::string> missing;
  for (const auto& name : *names)
    if (!values.contains(name)) missing.push_back(name);
  if (!missing.empty())
    throw std::invalid_argument(fmt::format(
        "Missing required input variables in {}: {}. Required variables: {}. Provided variables: {}.", component,
        printable(fmt::format("{}", fmt::join(missing, ", "))), python_str(to_value(*names)), set_text(values)));
  return values;
}

}  // namespace berth
