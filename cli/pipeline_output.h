/// What a pipeline gave, for people.
#pragma once

#include <string>
#include <string_view>

#include "berth/value.h"

namespace berth::cli {

/// Prints {component: {output: value}}: text as it is, other values as JSON; with the names where there are several.
/// `shown` was on the terminal already, as it was streamed, and is not printed again. The `meta` beside replies is left
/// out.
void print_outputs(const Value::Object& outputs, std::string_view shown);

}  // namespace berth::cli
