/// The types of components that Haystack has, and those that it renamed.
#pragma once

#include <string_view>
#include <vector>

namespace berth {

/// What Haystack 2 called a component that has the type `type` in Haystack 3; empty where that is no new name.
std::string_view name_in_haystack_2(std::string_view type);

/// The types of all components of Haystack 2 and 3 without its integrations, but for those that it moved there.
std::vector<std::string_view> haystack_types();

}  // namespace berth
