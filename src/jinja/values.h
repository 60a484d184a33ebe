/// Values in templates.
#pragma once

#include <jinja/value.h>

#include <string>

#include "berth/value.h"

namespace berth {

/// An object of a class: templates see its attributes.
struct InstanceValue final : ::jinja::value_object_t {
  explicit InstanceValue(const Value& object);
  const Value object;
};

::jinja::value to_jinja(const Value& value);

/// str(value) as Python writes it. Throws std::runtime_error for functions and for what is nested without end.
std::string jinja_str(const ::jinja::value& value);

}  // namespace berth
