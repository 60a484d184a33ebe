/// The methods of list and tuple.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "jinja/attributes.h"
#include "jinja/function.h"
#include "jinja/operators.h"

namespace berth::jinja {
namespace {

std::pmr::vector<Any>& self(const Bound& bound) { return bound.self.items().items; }

Any append(Run& run, Bound& bound) {
  run.count_steps(1);
  self(bound).push_back(bound[0]);
  return {};
}

Any clear(Run&, Bound& bound) {
  self(bound).clear();
  return {};
}

Any copy(Run& run, Bound& bound) { return Any::list(list_of(run, bound.self)); }

Any count(Run& run, Bound& bound) {
  std::int64_t found = 0;
  for_each(run, bound.self, [&](const Any& item) {
    found += item.same_as(bound[0]) || equal(run, item, bound[0]) ? 1 : 0;
    return true;
  });
  return found;
}

Any extend(Run& run, Bound& bound) {
  const auto* added = list_of(run, bound[0]);
  self(bound).insert(self(bound).end(), added->items.begin(), added->items.end());
  return {};
}

std::size_t clamped(std::int64_t index, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  if (index < 0) index = std::max<std::int64_t>(index < -count ? 0 : index + count, 0);
  return static_cast<std::size_t>(std::min(index, count));
}

Any index(Run& run, Bound& bound) {
  const auto& items = self(bound);
  const auto from = clamped(bound.has(1) ? index_of(bound[1]) : 0, items.size());
  const auto to = bound.has(2) ? clamped(index_of(bound[2]), items.size()) : items.size();
  for (auto i = from; i < to && i < items.size(); ++i) {
    run.count_steps(1);
    if (items[i].same_as(bound[0]) || equal(run, items[i], bound[0])) return i;
  }
  TextBuilder shown(run);
  write_repr(shown, bound[0]);
  value_error(fmt::format("{} is not in list", shown.bytes()));
}

Any insert(Run& run, Bound& bound) {
  run.count_steps(self(bound).size() / 16 + 1);
  const auto at = clamped(index_of(bound[0]), self(bound).size());
  self(bound).insert(self(bound).begin() + static_cast<std::ptrdiff_t>(at), bound[1]);
  return {};
}

Any pop(Run& run, Bound& bound) {
  auto& items = self(bound);
  if (items.empty()) other_error("pop from empty list");
  auto at = bound.has(0) ? index_of(bound[0]) : -1;
  if (at < 0) at += static_cast<std::int64_t>(items.size());
  if (at < 0 || at >= static_cast<std::int64_t>(items.size())) other_error("pop index out of range");
  run.count_steps(items.size() / 16);
  const auto item = items[static_cast<std::size_t>(at)];
  items.erase(items.begin() + at);
  return item;
}

Any remove(Run& run, Bound& bound) {
  auto& items = self(bound);
  for (std::size_t i = 0; i < items.size(); ++i) {
    run.count_steps(1);
    if (!items[i].same_as(bound[0]) && !equal(run, items[i], bound[0])) continue;
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
    return {};
  }
  value_error("list.remove(x): x not in list");
}

Any reverse(Run& run, Bound& bound) {
  run.count_steps(self(bound).size());
  std::ranges::reverse(self(bound));
  return {};
}

Any sort(Run& run, Bound& bound) {
  std::vector<std::pair<Any, Any>> entries;
  for (const auto& item : std::vector<Any>(self(bound).begin(), self(bound).end())) {
    Arguments arguments{{item}, {}};
    entries.emplace_back(bound.optional(0) == nullptr ? item : call_value(run, bound[0], arguments), item);
  }
  sort(run, entries, bound.whole_flag(1));
  self(bound).clear();
  for (const auto& [key, item] : entries) self(bound).push_back(item);
  return {};
}

constexpr std::array of_list = {
    Function("append", "object /", append, true),
    Function("clear", "", clear, true),
    Function("copy", "", copy),
    Function("count", "value /", count),
    Function("extend", "iterable /", extend, true),
    Function("index", "value start= stop= /", index),
    Function("insert", "index object /", insert, true),
    Function("pop", "index= /", pop, true),
    Function("remove", "value /", remove, true),
    Function("reverse", "", reverse, true),
    Function("sort", "key= reverse=", sort, true),
};

constexpr std::array of_tuple = {
    Function("count", "value /", count),
    Function("index", "value start= stop= /", index),
};

}  // namespace

const std::span<const Function> list_methods = of_list;
const std::span<const Function> tuple_methods = of_tuple;

}  // namespace berth::jinja
