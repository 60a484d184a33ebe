/// What a template takes from outside.
#pragma once

#include <string>
#include <vector>

#include "jinja/ast.h"

namespace berth::jinja {

/// The names that the template reads without having set them, in order of appearance: those that
/// jinja2.meta.find_undeclared_variables gives, without what {% set %} assigns anywhere.
std::vector<std::string> undeclared_variables(const Ast& ast);

}  // namespace berth::jinja
