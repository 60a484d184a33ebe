/// Filters that apply other filters and tests, and those of dictionaries and attributes.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "jinja/attribute_path.h"
#include "jinja/attributes.h"
#include "jinja/function.h"
#include "jinja/operators.h"
#include "jinja/pretty_print.h"

namespace berth::jinja {
namespace {

Any attribute(Run& run, Bound& bound) {
  const auto& name = text_argument(bound[0], "attr").bytes;
  Any found;
  if (!find_attribute(run, bound.self, name, found)) return run.undefined_of(bound.self, bound[0]);
  return get_attribute(run, bound.self, name);
}

Any or_default(Run& run, Bound& bound) {
  if (!bound.self.is_undefined() && !(bound.flag(run, 1) && !truth(run, bound.self))) return bound.self;
  return bound.has(0) ? bound[0] : run.view("");
}

/// The entries of a dictionary that a filter is applied to.
Dict& mapping(const Any& value) {
  if (value.is_undefined()) value.undefined().fail();
  if (!value.is(Type::dict)) other_error(fmt::format("'{}' object has no attribute 'items'", type_name(value)));
  return value.dict();
}

Any sorted_entries(Run& run, Bound& bound) {
  const bool case_sensitive = bound.flag(run, 0);
  const auto by = bound.has(1) ? bound[1] : run.view("key");
  const bool by_key = by.is_string() && by.string().bytes == "key";
  if (!by_key && !(by.is_string() && by.string().bytes == "value"))
    other_error("You can only sort by either \"key\" or \"value\"");
  std::vector<std::pair<Any, Any>> entries;
  for (const auto& entry : mapping(bound.self).entries()) {
    const auto& key = by_key ? entry.key : entry.value;
    entries.emplace_back(case_sensitive ? key : without_case(run, key), run.tuple(entry.key, entry.value));
  }
  sort(run, entries, bound.whole_flag(2));
  auto* sorted = run.list();
  for (const auto& [key, item] : entries) sorted->items.push_back(item);
  return Any::list(sorted);
}

Any items(Run& run, Bound& bound) {
  return run.generator([value = bound.self, iterator = static_cast<Iterator*>(nullptr)](Run& inner, Any& out) mutable {
    if (value.is_undefined()) return false;
    if (!value.is(Type::dict)) type_error("Can only get item pairs from a mapping.");
    if (iterator == nullptr) {
      Any method;
      find_attribute(inner, value, "items", method);
      Arguments none;
      iterator = iterate(inner, call_value(inner, method, none));
    }
    return iterator->next(inner, out);
  });
}

Any pretty(Run& run, Bound& bound) { return pretty_printed(run, bound.self); }

/// Arguments that are kept until a generator needs them.
struct KeptArguments {
  using owns_memory = void;
  Arguments arguments;
};

[[noreturn]] void no_such(Run& run, std::string_view kind, const Any& name) {
  if (name.is(Type::list) || name.is(Type::dict)) type_error(fmt::format("unhashable type: '{}'", type_name(name)));
  TextBuilder shown(run);
  write_repr(shown, name);
  other_error(fmt::format("No {} named {}.", kind, shown.bytes()));
}

/// map, select and their like: `make` answers the function of an item when the first item is asked for.
template <class Prepare, class Next>
Any lazily(Run& run, const Bound& bound, Prepare prepare, Next next) {
  auto* kept = run.heap.make<KeptArguments>(KeptArguments{*bound.rest});
  using State = decltype(prepare(run, kept->arguments));
  return run.generator([value = bound.self, kept, prepare, next, state = static_cast<State*>(nullptr),
                        iterator = static_cast<Iterator*>(nullptr)](Run& inner, Any& out) mutable {
    if (iterator == nullptr) {
      if (!truth(inner, value)) return false;
      state = inner.heap.make<State>(prepare(inner, kept->arguments));
      iterator = iterate(inner, value);
    }
    return next(inner, *state, *iterator, out);
  });
}

struct Mapping {
  const AttributePath* path = nullptr;
  Any otherwise;
  const Function* filter = nullptr;
  Any name;
  Arguments* arguments = nullptr;
};

Mapping prepare_map(Run& run, Arguments& arguments) {
  Mapping mapping;
  const auto is_attribute = [](const auto& named) { return named.first == "attribute"; };
  if (arguments.positional.empty() && std::ranges::any_of(arguments.named, is_attribute)) {
    for (const auto& [name, value] : arguments.named)
      if (name == "attribute")
        mapping.path = run.heap.make<AttributePath>(run, value);
      else if (name == "default")
        mapping.otherwise = value;
      else
        other_error(fmt::format("Unexpected keyword argument '{}'", name));
    return mapping;
  }
  if (arguments.positional.empty()) other_error("map requires a filter argument");
  mapping.name = arguments.positional.front();
  arguments.positional.erase(arguments.positional.begin());
  if (mapping.name.is_string()) mapping.filter = find_filter(run.environment, mapping.name.string().bytes);
  mapping.arguments = &arguments;
  return mapping;
}

Any map(Run& run, Bound& bound) {
  return lazily(run, bound, prepare_map, [](Run& inner, Mapping& mapping, Iterator& items, Any& out) {
    Any item;
    if (!items.next(inner, item)) return false;
    inner.count_steps(1);
    if (mapping.path != nullptr)
      out = mapping.path->of(inner, item, &mapping.otherwise);
    else if (mapping.filter == nullptr)
      no_such(inner, "filter", mapping.name);
    else
      out = call(inner, *mapping.filter, item, *mapping.arguments);
    return true;
  });
}

struct Selection {
  const AttributePath* path = nullptr;
  const Function* test = nullptr;
  Any name;
  bool by_truth = false;
  Arguments* arguments = nullptr;
};

template <bool of_attribute>
Selection prepare_select(Run& run, Arguments& arguments) {
  Selection selection;
  const auto take = [&] {
    const auto taken = arguments.positional.front();
    arguments.positional.erase(arguments.positional.begin());
    return taken;
  };
  if (of_attribute) {
    if (arguments.positional.empty()) other_error("Missing parameter for attribute name");
    selection.path = run.heap.make<AttributePath>(run, take());
  }
  selection.by_truth = arguments.positional.empty();
  if (selection.by_truth) return selection;
  selection.name = take();
  if (selection.name.is_string()) selection.test = find_test(selection.name.string().bytes);
  selection.arguments = &arguments;
  return selection;
}

template <bool of_attribute, bool wanted>
Any select(Run& run, Bound& bound) {
  return lazily(
      run, bound, prepare_select<of_attribute>, [](Run& inner, Selection& selection, Iterator& items, Any& out) {
        while (items.next(inner, out)) {
          inner.count_steps(1);
          const auto value = selection.path == nullptr ? out : selection.path->of(inner, out);
          if (!selection.by_truth && selection.test == nullptr) no_such(inner, "test", selection.name);
          const auto answer = selection.by_truth ? value : call(inner, *selection.test, value, *selection.arguments);
          if (truth(inner, answer) == wanted) return true;
        }
        return false;
      });
}

constexpr std::array functions = {
    Function("attr", "name", attribute),
    Function("d", "default_value= boolean=", or_default),
    Function("default", "default_value= boolean=", or_default),
    Function("dictsort", "case_sensitive= by= reverse=", sorted_entries),
    Function("items", "", items),
    Function("map", "*", map),
    Function("pprint", "", pretty),
    Function("reject", "*", select<false, false>),
    Function("rejectattr", "*", select<true, false>),
    Function("select", "*", select<false, true>),
    Function("selectattr", "*", select<true, true>),
};

}  // namespace

const std::span<const Function> mapping_filters = functions;

}  // namespace berth::jinja
