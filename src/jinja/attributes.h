/// What is in a value, as far as the sandbox shows it.
#pragma once

#include <string_view>

#include "jinja/any.h"
#include "jinja/run.h"

namespace berth::jinja {

/// `object.name`: an attribute or method, else an entry, else undefined.
Any get_attribute(Run& run, const Any& object, std::string_view name);

/// `object[key]`: an entry, else an attribute or method, else undefined.
Any get_item(Run& run, const Any& object, const Any& key);

/// `object[key]` as Python has it, without attributes. False: a TypeError or LookupError.
bool find_item(Run& run, const Any& object, const Any& key, Any& found);

/// `object[start:stop:step]`, each of which can be None.
Any get_slice(Run& run, const Any& object, const Any& start, const Any& stop, const Any& step);

/// The attribute or method itself, without regard to the sandbox. Answers whether there is one.
bool find_attribute(Run& run, const Any& object, std::string_view name, Any& found);

/// Calls a value. Throws what Python raises where it cannot be called.
Any call_value(Run& run, const Any& callee, Arguments& arguments);

/// From and to which of `length` entries a slice goes, by which steps, as Python's slice.indices().
struct SliceIndices {
  std::int64_t start;
  std::int64_t stop;
  std::int64_t step;
  std::size_t count;
};
SliceIndices slice_indices(const Any& start, const Any& stop, const Any& step, std::int64_t length);

}  // namespace berth::jinja
