#include "berth/parameters.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/nearest.h"
#include "text/printable.h"

namespace berth {

void check_parameter_names(const Value::Object& given, std::span<const std::string_view> known) {
  for (const auto& [name, value] : given) {
    if (std::ranges::find(known, name) != known.end()) continue;
    throw WrongParameter(name, fmt::format("there is no parameter {}{}", in_quotes(name),
                                           nearest_hint(name, {known.begin(), known.end()})));
  }
}

}  // namespace berth
