/// Which names have no value until a statement sets them, though one was given to the template.
#pragma once

#include "jinja/ast.h"

namespace berth::jinja {

/// Fills `hidden` of the template and of its statements. jinja2 decides at compile time to which scope a name belongs: where
/// a scope sets a name and reads it only in scopes within it, those see nothing before it is set.
void find_hidden_names(Ast& ast);

}  // namespace berth::jinja
