/// The methods of dict.
#include <fmt/format.h>

#include <array>

#include "jinja/function.h"
#include "jinja/objects.h"
#include "jinja/operators.h"

namespace berth::jinja {
namespace {

Dict& self(const Bound& bound) { return bound.self.dict(); }

[[noreturn]] void key_error(Run& run, const Any& key) {
  TextBuilder shown(run);
  write_repr(shown, key);
  other_error(shown.take_bytes());
}

Any clear(Run&, Bound& bound) {
  self(bound).clear();
  return {};
}

Any copy(Run& run, Bound& bound) {
  auto* made = run.dict();
  for (const auto& entry : self(bound).entries()) made->set(run, entry.key, entry.value);
  return made;
}

Any from_keys(Run& run, Bound& bound) {
  auto* made = run.dict();
  for_each(run, bound[0], [&](const Any& key) {
    made->set(run, key, bound.has(1) ? bound[1] : Any());
    return true;
  });
  return made;
}

Any get(Run& run, Bound& bound) {
  if (const Any* value = self(bound).find(run, bound[0])) return *value;
  return bound.has(1) ? bound[1] : Any();
}

Any items(Run& run, Bound& bound) { return run.heap.make<DictView>(self(bound), DictView::Kind::items); }
Any keys(Run& run, Bound& bound) { return run.heap.make<DictView>(self(bound), DictView::Kind::keys); }
Any values(Run& run, Bound& bound) { return run.heap.make<DictView>(self(bound), DictView::Kind::values); }

Any pop(Run& run, Bound& bound) {
  const Any* value = self(bound).find(run, bound[0]);
  if (value == nullptr) {
    if (bound.has(1)) return bound[1];
    key_error(run, bound[0]);
  }
  const auto found = *value;
  self(bound).erase(run, bound[0]);
  return found;
}

Any pop_item(Run& run, Bound& bound) {
  if (self(bound).empty()) other_error("'popitem(): dictionary is empty'");
  const auto last = self(bound).entry(self(bound).size() - 1);
  self(bound).erase(run, last.key);
  return run.tuple(last.key, last.value);
}

Any set_default(Run& run, Bound& bound) {
  if (const Any* value = self(bound).find(run, bound[0])) return *value;
  const auto value = bound.has(1) ? bound[1] : Any();
  self(bound).set(run, bound[0], value);
  return value;
}

Any update(Run& run, Bound& bound) {
  const auto added = dict_of(run, *bound.rest, "update");
  for (std::size_t i = 0; i < added->size(); ++i) self(bound).set(run, added->entry(i).key, added->entry(i).value);
  return {};
}

constexpr std::array functions = {
    Function("clear", "", clear, true),
    Function("copy", "", copy),
    Function("fromkeys", "iterable value= /", from_keys),
    Function("get", "key default= /", get),
    Function("items", "", items),
    Function("keys", "", keys),
    Function("pop", "key default= /", pop, true),
    Function("popitem", "", pop_item, true),
    Function("setdefault", "key default= /", set_default, true),
    Function("update", "*", update, true),
    Function("values", "", values),
};

}  // namespace

const std::span<const Function> dict_methods = functions;

}  // namespace berth::jinja
