/// What the components share whose parameters hold Jinja templates that route and adapt values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "berth/value.h"
#include "jinja/template.h"

namespace berth {

/// Of the kind text. Where there are custom filters, a filter that does not exist is no error until it is used. `strict`: what
/// has no value cannot be used. Throws TemplateError.
JinjaTemplate sandboxed_template(const std::string& source, const OrderedMap<Value>& custom_filters,
                                 bool strict = false);

/// Why `component` cannot run with these: both would need Python.
std::optional<std::string> problem_of_templates(std::string_view component, bool unsafe,
                                                const OrderedMap<Value>& custom_filters);

/// What a rendered text says: the value of a literal of Python's, else the text itself.
Value value_of_rendered(std::string text);

}  // namespace berth
