/// Values of Berth as values of templates, and back.
#include <fmt/format.h>

#include "jinja/objects.h"
#include "jinja/operators.h"
#include "jinja/trusted_text.h"
#include "text/utf8.h"

namespace berth::jinja {
namespace {

/// Python's texts have no bytes; filters count on characters.
Any from_text(Run& run, std::string_view text, bool trusted) {
  if (!is_utf8(text)) text = run.heap.keep(valid_utf8(text));
  Str made{text};
  if (!trusted && !text.empty()) {
    auto* range = run.heap.make<TextRange>(TextRange{0, text.size()});
    made.untrusted = {range, 1};
  }
  return run.heap.make<Str>(made);
}

}  // namespace

Any from_value(Run& run, const Value& value) {
  if (value.is_null()) return {};
  if (value.is_bool()) return value.as_bool();
  if (value.is_int()) return value.as_int();
  if (value.is_large_int()) {
    const auto digits = value.int_text();
    const bool negative = digits.starts_with('-');
    auto whole = BigInteger::from_digits(std::string_view(digits).substr(negative ? 1 : 0), 10);
    return run.big(negative ? -whole : std::move(whole));
  }
  if (value.is_double()) return value.as_double();
  if (value.is_string()) return from_value(run, value.as_string());
  if (const auto* trusted = value.get_if<TrustedText>()) return from_text(run, trusted->text, true);
  if (value.is_instance()) return run.heap.make<InstanceObject>(value);
  const DeeperValue deeper(run);
  if (value.is_array()) {
    auto* list = run.list();
    list->items.reserve(value.as_array().size());
    for (const auto& entry : value.as_array()) list->items.push_back(from_value(run, entry));
    return Any::list(list);
  }
  return from_value(run, value.as_object());
}

Any from_value(Run& run, const Value::Object& object) {
  auto* dict = run.dict();
  dict->entries().reserve(object.size());
  for (const auto& [name, entry] : object) dict->set(run, from_value(run, name), from_value(run, entry));
  return dict;
}

Any from_value(Run& run, const std::string& text) { return from_text(run, text, !run.environment.chat); }

Value to_value(Run& run, const Any& value) {
  switch (value.type()) {
    case Type::undefined:
    case Type::none:
      return nullptr;
    case Type::boolean:
      return value.boolean();
    case Type::integer:
      return value.integer();
    case Type::big:
      return Value::integer(value.big().to_string());
    case Type::floating:
      return value.floating();
    case Type::string:
      return value.string().bytes;
    case Type::list:
    case Type::tuple: {
      const DeeperValue deeper(run);
      Value::Array list;
      for (const auto& item : value.items().items) list.push_back(to_value(run, item));
      return list;
    }
    case Type::dict: {
      const DeeperValue deeper(run);
      Value::Object object;
      for (const auto& entry : value.dict().entries()) {
        TextBuilder name(run);
        write_str(name, entry.key);
        object.set(name.take_bytes(), to_value(run, entry.value));
      }
      return object;
    }
    case Type::object:
      break;
  }
  if (const auto* instance = value.get_if<InstanceObject>()) return instance->value;
  type_error(fmt::format("a value of type '{}' cannot leave a template", type_name(value)));
}

}  // namespace berth::jinja
