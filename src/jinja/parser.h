/// Templates as trees, by the grammar of jinja2.
#pragma once

#include <memory>
#include <string_view>

#include "jinja/ast.h"
#include "jinja/environment.h"

namespace berth::jinja {

/// Throws a Failure of the kind syntax where `source` is no template, also where it is nested so deeply that it could not
/// be run.
std::unique_ptr<const Ast> parse(std::string_view source, const Environment& environment);

}  // namespace berth::jinja
