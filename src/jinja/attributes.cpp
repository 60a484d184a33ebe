#include "jinja/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "jinja/function.h"
#include "jinja/objects.h"
#include "jinja/operators.h"
#include "text/unicode.h"

namespace berth::jinja {
namespace {

/// The method of a value of a type of its own, or nullptr.
const Function* find_method(const Any& object, std::string_view name) {
  static const auto of_text = table_of({text_methods});
  static const auto of_markup = table_of({markup_methods, text_methods});
  static const auto of_list = table_of({list_methods});
  static const auto of_tuple = table_of({tuple_methods});
  static const auto of_dict = table_of({dict_methods});
  static const auto of_int = table_of({int_methods});
  static const auto of_float = table_of({float_methods});
  switch (object.type()) {
    case Type::string:
      return find_function(object.string().markup ? of_markup : of_text, name);
    case Type::list:
      return find_function(of_list, name);
    case Type::tuple:
      return find_function(of_tuple, name);
    case Type::dict:
      return find_function(of_dict, name);
    case Type::boolean:
    case Type::integer:
    case Type::big:
      return find_function(of_int, name);
    case Type::floating:
      return find_function(of_float, name);
    default:
      return nullptr;
  }
}

/// What every object in Python has.
bool is_common_attribute(std::string_view name) {
  static constexpr std::array names = {"__class__",   "__delattr__", "__dir__",           "__doc__",         "__eq__",
                                       "__format__",  "__ge__",      "__getattribute__",  "__getstate__",    "__gt__",
                                       "__hash__",    "__init__",    "__init_subclass__", "__le__",          "__lt__",
                                       "__ne__",      "__new__",     "__reduce__",        "__reduce_ex__",   "__repr__",
                                       "__setattr__", "__sizeof__",  "__str__",           "__subclasshook__"};
  return name.starts_with("__") && std::ranges::find(names, name) != names.end();
}

/// What Python has besides for values of this type.
bool is_type_attribute(const Any& object, std::string_view name) {
  static constexpr std::array container = {"__contains__", "__getitem__", "__iter__", "__len__"};
  static constexpr std::array number = {"__abs__", "__add__", "__bool__", "__float__", "__int__", "__mul__", "__sub__"};
  if (!name.starts_with("__")) return false;
  if (object.is_string() || object.is_sequence() || object.is(Type::dict))
    return std::ranges::find(container, name) != container.end() ||
           (!object.is(Type::dict) && (name == "__add__" || name == "__mul__"));
  if (object.is_number()) return std::ranges::find(number, name) != number.end();
  return object.is(Type::object) && object.object().callable() && name == "__call__";
}

bool number_attribute(const Any& object, std::string_view name, Any& found) {
  const bool whole = object.is_whole();
  if (name == "real" || (whole && name == "numerator"))
    found = object.is(Type::boolean) ? Any(object.integer()) : object;
  else if (name == "imag")
    found = whole ? Any(0) : Any(0.0);
  else if (whole && name == "denominator")
    found = 1;
  else
    return false;
  return true;
}

/// The entry number `index`, from the end where it is negative; false: there is none.
bool entry_at(Run& run, const Any& sequence, std::int64_t index, Any& found) {
  const auto size = static_cast<std::int64_t>(length(run, sequence));
  if (index < 0) index += size;
  if (index < 0 || index >= size) return false;
  if (sequence.is_string()) {
    const auto range =
        bytes_of(run, sequence.string(), static_cast<std::size_t>(index), static_cast<std::size_t>(index) + 1);
    found = part(run, sequence.string(), range.begin, range.end);
  } else {
    found = sequence.items().items[static_cast<std::size_t>(index)];
  }
  return true;
}

/// The value of `key`, or nullptr, also where the key has no hash.
const Any* find_entry(Run& run, Dict& dict, const Any& key) {
  if (key.is(Type::list) || key.is(Type::dict)) return nullptr;
  try {
    return dict.find(run, key);
  } catch (const Failure& failure) {
    if (failure.kind != Failure::Kind::type) throw;
  }
  return nullptr;
}

}  // namespace

bool find_item(Run& run, const Any& object, const Any& key, Any& found) {
  switch (object.type()) {
    case Type::string:
    case Type::list:
    case Type::tuple: {
      const auto index = small_integer(key);
      return index && entry_at(run, object, *index, found);
    }
    case Type::dict: {
      const Any* value = find_entry(run, object.dict(), key);
      if (value != nullptr) found = *value;
      return value != nullptr;
    }
    case Type::undefined:
      object.undefined().fail();
    case Type::object:
      return object.object().has_items() && object.object().item(run, key, found);
    default:
      return false;
  }
}

namespace {

bool is_safe(Run& run, const Any& object, std::string_view name) {
  if (name.starts_with('_')) return false;
  if (!run.environment.immutable()) return true;
  const auto* method = find_method(object, name);
  return method == nullptr || !method->mutates;
}

std::int64_t clamped_index(const Any& value, std::int64_t otherwise) {
  if (value.is_none()) return otherwise;
  if (value.is(Type::big))
    return value.big().negative() ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  if (const auto small = small_integer(value)) return *small;
  type_error("slice indices must be integers or None or have an __index__ method");
}

}  // namespace

bool find_attribute(Run& run, const Any& object, std::string_view name, Any& found) {
  if (object.is_undefined()) {
    if (name.starts_with("__") && name.ends_with("__")) return is_common_attribute(name);
    object.undefined().fail();
  }
  if (const auto* method = find_method(object, name)) {
    found = run.heap.make<Method>(object, *method);
    return true;
  }
  if (object.is_string() && object.string().member && (name == "value" || name == "name")) {
    auto text = object.string();
    text.member = false;
    found = name == "value" ? Any(run.heap.make<Str>(text)) : changed(run, text, upper_case);
    return true;
  }
  if (object.is_number() && number_attribute(object, name, found)) return true;
  if (object.is(Type::tuple) && object.items().group && (name == "grouper" || name == "list")) {
    found = object.items().items[name == "list" ? 1 : 0];
    return true;
  }
  if (object.is(Type::object) && object.object().attribute(run, name, found)) return true;
  return is_common_attribute(name) || is_type_attribute(object, name);
}

Any get_attribute(Run& run, const Any& object, std::string_view name) {
  Any found;
  if (find_attribute(run, object, name, found)) {
    if (is_safe(run, object, name)) return found;
    return run.undefined_of(object, run.view(name), Failure::Kind::security);
  }
  if (object.is_undefined()) object.undefined().fail();
  if (object.is(Type::dict)) {
    if (const Any* value = object.dict().find(run, name)) return *value;
  } else if (object.is(Type::object) && object.object().has_items()) {
    if (object.object().item(run, run.view(name), found)) return found;
  }
  return run.undefined_of(object, run.view(name));
}

Any get_item(Run& run, const Any& object, const Any& key) {
  Any found;
  if (find_item(run, object, key, found)) return found;
  if (key.is_string()) {
    const auto name = key.string().bytes;
    if (find_attribute(run, object, name, found)) {
      if (is_safe(run, object, name)) return found;
      return run.undefined_of(object, key, Failure::Kind::security);
    }
  }
  return run.undefined_of(object, key);
}

SliceIndices slice_indices(const Any& start, const Any& stop, const Any& step, std::int64_t length) {
  const auto by = clamped_index(step, 1);
  if (by == 0) value_error("slice step cannot be zero");
  const std::int64_t lowest = by < 0 ? -1 : 0;
  const std::int64_t highest = by < 0 ? length - 1 : length;
  const auto adjusted = [&](const Any& value, std::int64_t otherwise) {
    auto index = clamped_index(value, otherwise);
    if (value.is_none()) return index;
    if (index < 0) index = index < -length ? lowest : std::max(index + length, lowest);
    return std::min(index, highest);
  };
  SliceIndices indices{adjusted(start, by < 0 ? highest : 0), adjusted(stop, by < 0 ? -1 : highest), by, 0};
  const auto distance = by < 0 ? indices.start - indices.stop : indices.stop - indices.start;
  const auto size = by < 0 ? 0 - static_cast<std::uint64_t>(by) : static_cast<std::uint64_t>(by);
  if (distance > 0) indices.count = (static_cast<std::uint64_t>(distance) - 1) / size + 1;
  return indices;
}

Any get_slice(Run& run, const Any& object, const Any& start, const Any& stop, const Any& step) {
  if (object.is_undefined()) object.undefined().fail();
  if (object.is(Type::dict)) type_error("unhashable type: 'slice'");
  if (auto* range = object.get_if<Range>()) return range->slice(run, start, stop, step);
  if (!object.is_string() && !object.is_sequence())
    type_error(fmt::format("'{}' object is not subscriptable", type_name(object)));
  const auto indices = slice_indices(start, stop, step, static_cast<std::int64_t>(length(run, object)));
  if (object.is_string() && indices.step == 1) {
    const auto& text = object.string();
    const auto begin = static_cast<std::size_t>(indices.start);
    const auto range = bytes_of(run, text, begin, begin + indices.count);
    const auto made = part(run, text, range.begin, range.end);
    made.string().counted = indices.count;
    return made;
  }
  run.count_steps(indices.count);
  if (object.is_string()) {
    const auto characters = Any::list(list_of(run, object));
    TextBuilder out(run);
    for (std::size_t i = 0; i < indices.count; ++i)
      out.append(characters.items()
                     .items[static_cast<std::size_t>(indices.start + static_cast<std::int64_t>(i) * indices.step)]
                     .string());
    return out.finish(object.string().markup);
  }
  auto* made = run.list();
  made->items.reserve(indices.count);
  for (std::size_t i = 0; i < indices.count; ++i)
    made->items.push_back(
        object.items().items[static_cast<std::size_t>(indices.start + static_cast<std::int64_t>(i) * indices.step)]);
  return object.is(Type::list) ? Any::list(made) : Any::tuple(made);
}

Any call_value(Run& run, const Any& callee, Arguments& arguments) {
  if (callee.is_undefined()) callee.undefined().fail();
  if (!callee.is(Type::object)) type_error(fmt::format("'{}' object is not callable", type_name(callee)));
  return callee.object().call(run, arguments);
}

}  // namespace berth::jinja
