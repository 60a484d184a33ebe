/// Iteration, lengths and sorting.
#include <fmt/format.h>

#include <algorithm>

#include "jinja/operators.h"
#include "text/utf8.h"

namespace berth::jinja {
namespace {

class NamedGenerator : public Iterator {
 public:
  explicit NamedGenerator(std::string_view name) : name_(name) {}
  std::string_view type_name() const final { return name_; }

 protected:
  ~NamedGenerator() = default;

 private:
  std::string_view name_;
};

class ItemIterator final : public NamedGenerator {
 public:
  ItemIterator(const List& list, bool is_list)
      : NamedGenerator(is_list ? "list_iterator" : "tuple_iterator"), list_(list) {}
  bool next(Run&, Any& out) override {
    if (at_ >= list_.items.size()) return false;
    out = list_.items[at_++];
    return true;
  }

 private:
  const List& list_;
  std::size_t at_ = 0;
};

class ReversedItems final : public NamedGenerator {
 public:
  explicit ReversedItems(const List& list)
      : NamedGenerator("list_reverseiterator"), list_(list), at_(list.items.size()) {}
  bool next(Run&, Any& out) override {
    if (at_ == 0 || at_ > list_.items.size()) return false;
    out = list_.items[--at_];
    return true;
  }

 private:
  const List& list_;
  std::size_t at_;
};

class CharacterIterator final : public NamedGenerator {
 public:
  // As in Python, the characters of a Markup are plain texts; its slices are not.
  explicit CharacterIterator(const Str& text) : NamedGenerator("str_iterator"), text_{text.bytes, text.untrusted} {}
  bool next(Run& run, Any& out) override {
    if (at_ >= text_.bytes.size()) return false;
    const auto end = at_ + first_character(text_.bytes.substr(at_)).length;
    out = part(run, text_, at_, end);
    at_ = end;
    return true;
  }

 private:
  const Str text_;
  std::size_t at_ = 0;
};

class KeyIterator final : public NamedGenerator {
 public:
  explicit KeyIterator(const Dict& dict) : NamedGenerator("dict_keyiterator"), dict_(dict), size_(dict.size()) {}
  bool next(Run&, Any& out) override {
    if (dict_.size() != size_) other_error("dictionary changed size during iteration");
    if (at_ == size_) return false;
    out = dict_.entry(at_++).key;
    return true;
  }

 private:
  const Dict& dict_;
  std::size_t size_;
  std::size_t at_ = 0;
};

class NoItems final : public Iterator {
 public:
  bool next(Run&, Any&) override { return false; }
};

}  // namespace

bool has_length(const Any& value) {
  if (value.is(Type::object)) return value.object().has_length();
  return value.is_string() || value.is_sequence() || value.is(Type::dict) || value.is_undefined();
}

std::size_t length(Run& run, const Any& value) {
  if (value.is_string()) return value.string().characters(run);
  if (value.is_sequence()) return value.items().items.size();
  if (value.is(Type::dict)) return value.dict().size();
  if (value.is_undefined()) {
    value.undefined().use();
    return 0;
  }
  if (has_length(value)) return value.object().length(run);
  type_error(fmt::format("object of type '{}' has no len()", type_name(value)));
}

bool is_iterable(Run& run, const Any& value) {
  if (value.is(Type::object)) return value.object().iterate(run) != nullptr;
  return value.is_string() || value.is_sequence() || value.is(Type::dict) || value.is_undefined();
}

Iterator* iterate(Run& run, const Any& value) {
  switch (value.type()) {
    case Type::string:
      return run.heap.make<CharacterIterator>(value.string());
    case Type::list:
    case Type::tuple:
      return run.heap.make<ItemIterator>(value.items(), value.is(Type::list));
    case Type::dict:
      return run.heap.make<KeyIterator>(value.dict());
    case Type::undefined:
      value.undefined().use();
      return run.heap.make<NoItems>();
    case Type::object:
      if (auto* iterator = value.object().iterate(run)) return iterator;
      break;
    default:
      break;
  }
  type_error(fmt::format("'{}' object is not iterable", type_name(value)));
}

Iterator* reversed(Run& run, const Any& value) {
  if (value.is_sequence()) return run.heap.make<ReversedItems>(value.items());
  if (value.is(Type::object)) return value.object().reversed(run);
  if (value.is_undefined()) return iterate(run, value);
  auto* items = run.list();
  if (value.is(Type::dict))
    for (const auto& entry : value.dict().entries()) items->items.push_back(entry.key);
  else if (value.is_string())
    items = list_of(run, value);
  else
    return nullptr;
  run.count_steps(items->items.size());
  return run.heap.make<ReversedItems>(*items);
}

List* list_of(Run& run, const Any& value) {
  auto* made = run.list();
  if (value.is_sequence()) {
    run.count_steps(value.items().items.size());
    made->items = value.items().items;
    return made;
  }
  for_each(run, value, [&](const Any& item) {
    made->items.push_back(item);
    return true;
  });
  return made;
}

void sort(Run& run, std::vector<std::pair<Any, Any>>& entries, bool reverse) {
  const auto is_less = [&](const auto& a, const auto& b) {
    run.count_steps(1);
    return compare(run, Op::less, a.first, b.first);
  };
  // As Python does it, so that equal entries keep their order also where the order is turned round.
  if (reverse) std::ranges::reverse(entries);
  std::stable_sort(entries.begin(), entries.end(), is_less);
  if (reverse) std::ranges::reverse(entries);
}

}  // namespace berth::jinja
