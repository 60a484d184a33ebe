/// The components that Berth has, under Haystack's names.
#pragma once

#include <vector>

#include "berth/component.h"

namespace berth {

std::vector<ComponentClass> builtin_components();

}  // namespace berth
