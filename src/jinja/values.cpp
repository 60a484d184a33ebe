#include "jinja/values.h"

#include <stdexcept>

#include "jinja/limits.h"
#include "value/python_text.h"

namespace berth {
namespace {

using ::jinja::is_val;
using ::jinja::mk_val;

/// Back again, for printing. An undefined entry prints as jinja2's does.
std::string repr(const ::jinja::value& value);

std::string repr_list(const ::jinja::value& value) {
  const bool tuple = is_val<::jinja::value_tuple>(value);
  const auto& entries = value->as_array();
  std::string out(1, tuple ? '(' : '[');
  for (std::size_t i = 0; i < entries.size(); ++i) (out += i == 0 ? "" : ", ") += repr(entries[i]);
  if (tuple && entries.size() == 1) out += ',';
  return out + (tuple ? ')' : ']');
}

std::string repr_object(const ::jinja::value& value) {
  std::string out = "{";
  for (const auto& [key, entry] : value->as_ordered_object()) {
    if (out.size() > 1) out += ", ";
    out += repr(key) + ": " + repr(entry);
  }
  return out + "}";
}

std::string repr(const ::jinja::value& value) {
  if (is_val<::jinja::value_string>(value)) return python_repr(value->as_string().str());
  if (value->is_undefined()) return "Undefined";
  if (value->is_none()) return "None";
  if (is_val<::jinja::value_float>(value)) return python_float(value->as_float());
  if (const auto* instance = dynamic_cast<const InstanceValue*>(value.get())) return python_repr(instance->object);
  if (is_val<::jinja::value_array>(value)) return repr_list(value);
  if (is_val<::jinja::value_object>(value)) return repr_object(value);
  if (is_val<::jinja::value_func>(value)) throw std::runtime_error("a function is printed: call it");
  return value->as_string().str();
}

}  // namespace

InstanceValue::InstanceValue(const Value& instance) : object(instance) {
  has_builtins = false;  // its own attributes only
  for (const auto& [name, attribute] : instance.as_instance().attributes())
    value_object_t::insert(name, to_jinja(attribute));
}

::jinja::value to_jinja(const Value& value) {
  if (value.is_null()) return mk_val<::jinja::value_none>();
  if (value.is_bool()) return mk_val<::jinja::value_bool>(value.as_bool());
  if (value.is_int()) return mk_val<::jinja::value_int>(value.as_int());
  if (value.is_double()) return mk_val<::jinja::value_float>(value.as_double());
  if (value.is_large_int())
    throw std::runtime_error("the integer " + value.int_text() + " is beyond 64 bits, which a template cannot take");
  if (value.is_string()) return mk_val<::jinja::value_string>(value.as_string());
  if (value.is_instance()) return std::make_shared<InstanceValue>(value);
  if (value.is_array()) {
    auto list = mk_val<::jinja::value_array>();
    for (const auto& entry : value.as_array()) list->push_back(to_jinja(entry));
    return list;
  }
  auto object = mk_val<::jinja::value_object>();
  for (const auto& [name, entry] : value.as_object()) object->insert(name, to_jinja(entry));
  return object;
}

std::string jinja_str(const ::jinja::value& value) {
  if (is_val<::jinja::value_string>(value)) return value->as_string().str();
  if (value->is_undefined()) return "";
  JinjaLimits::current().count_value(value);  // so that it ends
  return repr(value);
}

}  // namespace berth
