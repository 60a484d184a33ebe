/// What Python's operators and built-in functions make of values.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "jinja/any.h"
#include "jinja/run.h"
#include "jinja/text.h"

namespace berth::jinja {

enum class Op : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulo,
  power,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in
};

std::string_view symbol(Op op);

// These throw the errors that Python raises.

std::string_view type_name(const Any& value);
bool truth(Run& run, const Any& value);
bool equal(Run& run, const Any& a, const Any& b);
bool compare(Run& run, Op op, const Any& a, const Any& b);  ///< any of the comparing operators
bool contains(Run& run, const Any& container, const Any& item);
std::size_t hash_of(Run& run, const Any& value);
bool is_callable(const Any& value);

Any arithmetic(Run& run, Op op, const Any& a, const Any& b);
Any negative(Run& run, const Any& value);
Any positive(Run& run, const Any& value);
Any absolute(Run& run, const Any& value);

bool has_length(const Any& value);
std::size_t length(Run& run, const Any& value);
bool is_iterable(Run& run, const Any& value);
Iterator* iterate(Run& run, const Any& value);
Iterator* reversed(Run& run, const Any& value);  ///< or nullptr
/// list(value)
List* list_of(Run& run, const Any& value);

/// Calls `visit(item)` for each; it answers whether to go on.
template <class Visit>
void for_each(Run& run, const Any& value, Visit visit) {
  if (value.is_sequence()) {
    auto& items = value.items().items;
    for (std::size_t i = 0; i < items.size(); ++i) {
      run.count_steps(1);
      if (!visit(Any(items[i]))) return;
    }
    return;
  }
  auto* iterator = iterate(run, value);
  for (Any item; iterator->next(run, item);) {
    run.count_steps(1);
    if (!visit(item)) return;
  }
}

/// Sorts as sorted(items, key, reverse) does: stable, by `<`.
void sort(Run& run, std::vector<std::pair<Any, Any>>& key_and_item, bool reverse);

// Texts of values.
void write_str(TextBuilder& out, const Any& value);
void write_repr(TextBuilder& out, const Any& value);
/// str(value), a value that is a text itself. Markup stays so only if `keep_markup`.
Any str_of(Run& run, const Any& value, bool keep_markup = false);

// Arguments of functions.
std::int64_t index_of(const Any& value);                                   ///< operator.index()
std::optional<std::int64_t> small_integer(const Any& value);               ///< of a whole number that fits into 64 bits
double float_of(Run& run, const Any& value);                               ///< float(value)
Any int_of(Run& run, const Any& value, std::optional<std::int64_t> base);  ///< int(value), int(text, base)
const Str& text_argument(const Any& value, std::string_view function);
BigInteger big_of(const Any& whole);

}  // namespace berth::jinja
