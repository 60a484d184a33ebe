/// Statements that a parsed template gets beside those of the engine.
#pragma once

#include <jinja/runtime.h>

namespace berth {

/// Changes `program` so that it keeps to JinjaLimits::current(), what {{ }} prints is what Python prints, and a filter that
/// has a function (filter_function(), templatize_function) calls it.
void prepare(::jinja::program& program);

/// Changes `program` so that it keeps to the limits, and does nothing else than before.
void limit(::jinja::program& program);

inline constexpr const char* templatize_function = "__templatize_part";

}  // namespace berth
