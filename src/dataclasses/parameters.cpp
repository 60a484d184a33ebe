#include "berth/parameters.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/nearest.h"
#include "text/printable.h"

namespace berth {

void check_parameter_names(const Value::Object& given, std::span<const std::string_view> known) {
  std::vector<std::string> unknown;
  for (const auto& [name, value] : given)
    if (std::ranges::find(known, name) == known.end()) unknown.push_back(name);
  if (unknown.empty()) return;
  auto problem = fmt::format("there is no parameter {}{}", in_quotes(unknown.front()),
                             nearest_hint(unknown.front(), {known.begin(), known.end()}));
  for (std::size_t i = 1; i < unknown.size(); ++i) problem += fmt::format("; and no {}", in_quotes(unknown[i]));
  throw WrongParameter(unknown.front(), problem);
}

WrongParameter missing_parameter(std::string_view name) {
  return {std::string(name), fmt::format("the parameter '{}' must be given", name)};
}

}  // namespace berth
