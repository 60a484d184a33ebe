/// Filters of sequences.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>
#include <unordered_set>

#include "jinja/attribute_path.h"
#include "jinja/attributes.h"
#include "jinja/function.h"
#include "jinja/operators.h"
#include "jinja/text_search.h"

namespace berth::jinja {
namespace {

Any argument(const Bound& bound, std::size_t position) { return bound.has(position) ? bound[position] : Any(); }

Any batch(Run& run, Bound& bound) {
  return run.generator([items = bound.self, count = bound[0], fill = argument(bound, 1),
                        iterator = static_cast<Iterator*>(nullptr),
                        row = static_cast<List*>(nullptr)](Run& inner, Any& out) mutable {
    if (iterator == nullptr) {
      iterator = iterate(inner, items);
      row = inner.list();
    }
    for (Any item; row != nullptr && iterator->next(inner, item);) {
      inner.count_steps(1);
      const bool is_full = equal(inner, row->items.size(), count);
      if (is_full) out = Any::list(std::exchange(row, inner.list()));
      row->items.push_back(item);
      if (is_full) return true;
    }
    if (row == nullptr || row->items.empty()) return false;
    if (!fill.is_none() && compare(inner, Op::less, row->items.size(), count)) {
      const auto missing = index_of(arithmetic(inner, Op::subtract, count, row->items.size()));
      inner.count_steps(static_cast<std::size_t>(missing));
      row->items.insert(row->items.end(), static_cast<std::size_t>(missing), fill);
    }
    out = Any::list(std::exchange(row, nullptr));
    return true;
  });
}

Any slice(Run& run, Bound& bound) {
  return run.generator([items = bound.self, given = bound[0], fill = argument(bound, 1),
                        all = static_cast<List*>(nullptr), slices = std::int64_t{0},
                        number = std::int64_t{0}](Run& inner, Any& out) mutable {
    if (all == nullptr) {
      all = list_of(inner, items);
      const auto size = static_cast<std::int64_t>(all->items.size());
      (void)arithmetic(inner, Op::floor_divide, size, given);
      slices = index_of(given);
    }
    if (number >= slices) return false;
    inner.count_steps(1);
    const auto size = static_cast<std::int64_t>(all->items.size());
    const auto each = size / slices;
    const auto longer = size % slices;  // so many have one more
    const auto begin = number * each + std::min(number, longer);
    const auto end = begin + each + (number < longer ? 1 : 0);
    auto* row = inner.list();
    row->items.assign(all->items.begin() + begin, all->items.begin() + end);
    inner.count_steps(row->items.size());
    if (!fill.is_none() && number >= longer) row->items.push_back(fill);
    ++number;
    out = Any::list(row);
    return true;
  });
}

Any count(Run& run, Bound& bound) { return length(run, bound.self); }

Any first(Run& run, Bound& bound) {
  Any item;
  return iterate(run, bound.self)->next(run, item) ? item : run.undefined("No first item, sequence was empty.");
}

Any last(Run& run, Bound& bound) {
  if (bound.self.is_string() && !bound.self.string().bytes.empty()) return get_item(run, bound.self, -1);
  auto* iterator = reversed(run, bound.self);
  if (iterator == nullptr) type_error(fmt::format("'{}' object is not reversible", type_name(bound.self)));
  Any item;
  return iterator->next(run, item) ? item : run.undefined("No last item, sequence was empty.");
}

Any random(Run& run, Bound& bound) {
  if (!has_length(bound.self) || (bound.self.is(Type::object) && !bound.self.object().has_items()))
    type_error(fmt::format("object of type '{}' has no len()", type_name(bound.self)));
  const auto size = length(run, bound.self);
  if (size == 0) return run.undefined("No random item, sequence was empty.");
  if (bound.self.is(Type::dict)) other_error("a random entry of a dictionary is taken by its number");
  static thread_local std::minstd_rand numbers{std::random_device{}()};
  return get_item(run, bound.self,
                  std::uniform_int_distribution<std::int64_t>(0, static_cast<std::int64_t>(size) - 1)(numbers));
}

Any list(Run& run, Bound& bound) { return Any::list(list_of(run, bound.self)); }

Any reverse(Run& run, Bound& bound) {
  if (bound.self.is_string()) return get_slice(run, bound.self, Any(), Any(), -1);
  if (auto* iterator = reversed(run, bound.self)) return iterator;
  if (!is_iterable(run, bound.self)) other_error("argument must be iterable");
  auto* items = list_of(run, bound.self);
  std::ranges::reverse(items->items);
  return Any::list(items);
}

Any join(Run& run, Bound& bound) {
  const AttributePath path(run, argument(bound, 1));
  const Any separator = bound.has(0) ? bound[0] : run.view("");
  auto* texts = run.list();
  bool markup = separator.is_string() && separator.string().markup && run.autoescape;
  for_each(run, bound.self, [&](const Any& item) {
    auto value = path.of(run, item);
    markup = markup || (run.autoescape && value.is_string() && value.string().markup);
    texts->items.push_back(str_of(run, value, run.autoescape));
    return true;
  });
  const auto between = markup ? escaped_text(run, separator) : str_of(run, separator, run.autoescape);
  return joined(run, between.string(), Any::list(texts));
}

/// The key that sort, unique, min and max compare by.
Any key_of(Run& run, const AttributePath& path, const Any& item, bool case_sensitive) {
  const auto value = path.of(run, item);
  return case_sensitive ? value : without_case(run, value);
}

Any sort_items(Run& run, Bound& bound) {
  const bool case_sensitive = bound.flag(run, 1);
  const auto attribute = argument(bound, 2);
  const auto paths = attribute_paths(run, attribute);
  std::vector<std::pair<Any, Any>> entries;
  for_each(run, bound.self, [&](const Any& item) {
    if (paths.size() == 1) {
      entries.emplace_back(key_of(run, paths[0], item, case_sensitive), item);
    } else {
      auto* keys = run.list();
      for (const auto& path : paths) keys->items.push_back(key_of(run, path, item, case_sensitive));
      entries.emplace_back(Any::list(keys), item);
    }
    return true;
  });
  // Python compares lists of keys, which looks for the first difference by == before it asks for <.
  if (paths.size() == 1)
    for (auto& [key, item] : entries) {
      auto* keys = run.list();
      keys->items.push_back(key);
      key = Any::list(keys);
    }
  sort(run, entries, bound.whole_flag(0));
  auto* sorted = run.list();
  for (const auto& [key, item] : entries) sorted->items.push_back(item);
  return Any::list(sorted);
}

Any unique(Run& run, Bound& bound) {
  return run.generator([items = bound.self, case_sensitive = bound.flag(run, 0), attribute = argument(bound, 1),
                        iterator = static_cast<Iterator*>(nullptr), path = static_cast<AttributePath*>(nullptr),
                        seen = static_cast<Dict*>(nullptr)](Run& inner, Any& out) mutable {
    if (iterator == nullptr) {
      iterator = iterate(inner, items);
      path = inner.heap.make<AttributePath>(inner, attribute);
      seen = inner.dict();
    }
    while (iterator->next(inner, out)) {
      const auto key = key_of(inner, *path, out, case_sensitive);
      inner.count_steps(1);
      if (seen->find(inner, key) != nullptr) continue;
      seen->set(inner, key, Any());
      return true;
    }
    return false;
  });
}

Any extreme(Run& run, Bound& bound, Op better) {
  const bool case_sensitive = bound.flag(run, 0);
  auto* iterator = iterate(run, bound.self);
  Any best;
  if (!iterator->next(run, best)) return run.undefined("No aggregated item, sequence was empty.");
  const AttributePath path(run, argument(bound, 1));
  auto best_key = key_of(run, path, best, case_sensitive);
  for (Any item; iterator->next(run, item);) {
    run.count_steps(1);
    const auto key = key_of(run, path, item, case_sensitive);
    if (!compare(run, better, key, best_key)) continue;
    best = item;
    best_key = key;
  }
  return best;
}
Any smallest(Run& run, Bound& bound) { return extreme(run, bound, Op::less); }
Any largest(Run& run, Bound& bound) { return extreme(run, bound, Op::greater); }

Any sum(Run& run, Bound& bound) {
  Any total = bound.has(1) ? bound[1] : Any(0);
  if (total.is_string()) type_error("sum() can't sum strings [use ''.join(seq) instead]");
  const AttributePath path(run, argument(bound, 0));
  for_each(run, bound.self, [&](const Any& item) {
    total = arithmetic(run, Op::add, total, path.of(run, item));
    return true;
  });
  return total;
}

Any group_by(Run& run, Bound& bound) {
  const AttributePath path(run, bound[0]);
  const auto otherwise = argument(bound, 1);
  const bool case_sensitive = bound.flag(run, 2);
  const auto attribute = [&](const Any& item) { return path.of(run, item, &otherwise); };
  std::vector<std::pair<Any, Any>> entries;
  for_each(run, bound.self, [&](const Any& item) {
    const auto value = attribute(item);
    entries.emplace_back(case_sensitive ? value : without_case(run, value), item);
    return true;
  });
  sort(run, entries, false);
  auto* groups = run.list();
  for (std::size_t i = 0; i < entries.size();) {
    auto* items = run.list();
    const auto key = entries[i].first;
    const auto first = entries[i].second;
    for (; i < entries.size() && (entries[i].first.same_as(key) || equal(run, entries[i].first, key)); ++i)
      items->items.push_back(entries[i].second);
    if (items->items.empty()) items->items.push_back(entries[i++].second);  // NaN equals nothing
    auto* group = run.list();
    group->group = true;
    group->items.push_back(case_sensitive ? key : attribute(first));
    group->items.push_back(Any::list(items));
    groups->items.push_back(Any::tuple(group));
  }
  return Any::list(groups);
}

constexpr std::array functions = {
    Function("batch", "linecount fill_with=", batch),
    Function("count", "", count),
    Function("first", "", first),
    Function("groupby", "attribute default= case_sensitive=", group_by),
    Function("join", "d= attribute=", join),
    Function("last", "", last),
    Function("length", "", count),
    Function("list", "", list),
    Function("max", "case_sensitive= attribute=", largest),
    Function("min", "case_sensitive= attribute=", smallest),
    Function("random", "", random),
    Function("reverse", "", reverse),
    Function("slice", "slices fill_with=", slice),
    Function("sort", "reverse= case_sensitive= attribute=", sort_items),
    Function("sum", "attribute= start=", sum),
    Function("unique", "case_sensitive= attribute=", unique),
};

}  // namespace

const std::span<const Function> list_filters = functions;

}  // namespace berth::jinja
