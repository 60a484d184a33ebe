/// What jinja2 computes when it compiles a template. In a few places it then means something else than at run time.
#pragma once

#include "jinja/ast.h"

namespace berth::jinja {

/// Whether all that `expr` is made of are literals, so that jinja2 puts its value into the Python code that it writes.
bool is_folded(const Expr& expr);

/// A number whose literal begins with a minus, which Python applies after `**`.
bool is_negative_number(const Any& value);

}  // namespace berth::jinja
