/// Functions that the engine has too, but there without an end, with time by the square of a text, or many times its memory.
#pragma once

#include <jinja/value.h>

#include <string_view>
#include <vector>

namespace berth {

/// What range(), replace(), split() or text * number gives, operands of a method starting with its text; nullptr for all
/// others.
/// Counts in JinjaLimits::current().
::jinja::value bounded(std::string_view function, const std::vector<::jinja::value>& operands);

}  // namespace berth
