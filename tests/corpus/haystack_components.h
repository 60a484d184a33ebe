// Which of the components that the corpus names are here.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "berth/component.h"
#include "component/haystack_types.h"

namespace berth::corpus {

inline std::string_view last_part(std::string_view type) { return type.substr(type.rfind('.') + 1); }

/// The class whose qualified or last name this is, or nullptr where there is none.
inline const ComponentClass* component_here(std::string_view name) {
  for (const auto* each : component_classes())
    if (each->type == name || last_part(each->type) == name) return each;
  const auto in_2 = name_in_haystack_2(name);
  return in_2.empty() ? nullptr : component_here(in_2);
}

/// Whether Haystack has a component of that qualified or last name, and Berth does not yet: its cases count from the day
/// it is there.
inline bool is_missing(std::string_view name) {
  if (component_here(name) != nullptr) return false;
  const auto types = haystack_types();
  return std::ranges::any_of(types, [&](std::string_view type) { return type == name || last_part(type) == name; });
}

/// Remote generators are not run without a key. None of them is asked.
inline void set_keys() {
  for (const char* name : {"OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"}) setenv(name, "none", 1);
}

}  // namespace berth::corpus
