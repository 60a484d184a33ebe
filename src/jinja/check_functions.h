/// Filters and tests that do not exist.
#pragma once

#include "jinja/ast.h"

namespace berth::jinja {

/// Throws a Failure of the kind syntax where `body` uses one. Within an if, it is found out only when it is used, as
/// jinja2 has it.
void check_functions(const Body& body);

}  // namespace berth::jinja
