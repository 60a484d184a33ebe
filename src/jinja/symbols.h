/// Which scope of a template each name belongs to.
#pragma once

#include "jinja/ast.h"

namespace berth::jinja {

/// jinja2 decides at compile time where the value of a name comes from (its idtracking.py). Fills
/// - `hidden` of the template and of its statements: the names that a scope sets, and reads only in scopes within it. Those see
///   nothing before the name is set, though one was given to the template;
/// - `undeclared` of the template: what jinja2.meta.find_undeclared_variables gives, without what {% set %} assigns anywhere.
void resolve_names(Ast& ast);

}  // namespace berth::jinja
