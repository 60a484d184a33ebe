/// Statements that a parsed template gets beside those of the engine.
#pragma once

#include <jinja/runtime.h>

namespace berth {

/// Changes `program` so that what {{ }} prints is what Python prints, a macro that calls itself without end is refused,
/// and a filter that has a function (filter_function(), templatize_function) calls it.
void prepare(::jinja::program& program);

inline constexpr const char* templatize_function = "__templatize_part";

}  // namespace berth
