/// Filters of jinja2 that the engine lacks, or that give something else there.
#pragma once

#include <jinja/runtime.h>

#include <string>
#include <string_view>

namespace berth {

/// The function that a filter calls, or an empty text for a filter of the engine's.
std::string filter_function(std::string_view filter);

/// Makes those functions known.
void add_filters(::jinja::context& context);

}  // namespace berth
