/// Filters of jinja2 that the engine lacks, or that give something else there.
#pragma once

#include <jinja/value.h>

#include <string_view>

namespace berth {

/// The function that a filter calls, or nullptr for a filter of the engine's.
::jinja::value filter_function(std::string_view filter);

}  // namespace berth
