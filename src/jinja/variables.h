/// What a template takes from outside.
#pragma once

#include <jinja/runtime.h>

#include <string>
#include <vector>

namespace berth {

/// The names that `program` reads without having set them, in order of appearance: those that
/// jinja2.meta.find_undeclared_variables gives, without what {% set %} assigns anywhere.
std::vector<std::string> undeclared_variables(const ::jinja::program& program);

}  // namespace berth
