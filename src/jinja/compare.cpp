/// Equality, order, membership and hashes.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "berth/ordered_map.h"
#include "jinja/operators.h"
#include "text/find_text.h"

namespace berth::jinja {
namespace {

std::partial_ordering order_whole_to_float(const Any& whole, double other) {
  if (std::isnan(other)) return std::partial_ordering::unordered;
  if (std::isinf(other)) return other > 0 ? std::partial_ordering::less : std::partial_ordering::greater;
  const double floor = std::floor(other);
  const auto order = big_of(whole) <=> BigInteger::truncated(floor);
  if (order != std::strong_ordering::equal) return order;
  return floor < other ? std::partial_ordering::less : std::partial_ordering::equivalent;
}

std::partial_ordering number_order(const Any& a, const Any& b) {
  if (a.is(Type::floating) && b.is(Type::floating)) return a.floating() <=> b.floating();
  if (a.is(Type::floating)) return 0 <=> order_whole_to_float(b, a.floating());
  if (b.is(Type::floating)) return order_whole_to_float(a, b.floating());
  if (a.is(Type::big) || b.is(Type::big)) return big_of(a) <=> big_of(b);
  return a.integer() <=> b.integer();
}

bool equal_items(Run& run, const List& a, const List& b) {
  if (a.items.size() != b.items.size()) return false;
  run.count_steps(a.items.size());
  for (std::size_t i = 0; i < a.items.size() && i < b.items.size(); ++i)
    if (!a.items[i].same_as(b.items[i]) && !equal(run, a.items[i], b.items[i])) return false;
  return true;
}

bool equal_entries(Run& run, Dict& a, Dict& b) {
  if (a.size() != b.size()) return false;
  run.count_steps(a.size());
  for (const auto& entry : a.entries()) {
    const Any* other = b.find(run, entry.key);
    if (other == nullptr || (!entry.value.same_as(*other) && !equal(run, entry.value, *other))) return false;
  }
  return true;
}

bool holds(Op op, std::partial_ordering order) {
  switch (op) {
    case Op::less:
      return order < 0;
    case Op::less_equal:
      return order <= 0;
    case Op::greater:
      return order > 0;
    default:
      return order >= 0;
  }
}

bool ordered(Run& run, Op op, const Any& a, const Any& b) {
  if (a.is_number() && b.is_number()) return holds(op, number_order(a, b));
  if (a.is_string() && b.is_string()) {
    run.count_search(std::min(a.string().bytes.size(), b.string().bytes.size()));
    return holds(op, a.string().bytes.compare(b.string().bytes) <=> 0);
  }
  if (a.is_undefined()) a.undefined().fail();
  if (b.is_undefined()) b.undefined().fail();
  if (a.is_sequence() && b.type() == a.type()) {
    const DeeperValue deeper(run);
    const auto& left = a.items().items;
    const auto& right = b.items().items;
    for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
      run.count_steps(1);
      if (!left[i].same_as(right[i]) && !equal(run, left[i], right[i])) return ordered(run, op, left[i], right[i]);
    }
    return holds(op, left.size() <=> right.size());
  }
  type_error(
      fmt::format("'{}' not supported between instances of '{}' and '{}'", symbol(op), type_name(a), type_name(b)));
}

/// Distributes whole numbers over the slots of a table, differently in each process.
std::size_t mixed(std::uint64_t value) {
  static const auto key = hash_name("number") | 1U;
  value = (value ^ value >> 32U) * (key ^ 0x9E3779B97F4A7C15U);
  return value ^ value >> 29U;
}

}  // namespace

bool Any::same_as(const Any& other) const {
  if (type_ != other.type_) return false;
  switch (type_) {
    case Type::none:
      return true;
    case Type::boolean:
      return boolean_ == other.boolean_;
    case Type::integer:
      return integer_ == other.integer_;
    case Type::floating:
      return std::bit_cast<std::uint64_t>(floating_) == std::bit_cast<std::uint64_t>(other.floating_) &&
             !std::isnan(floating_);
    case Type::string:
      return string_ == other.string_ || (string_->bytes.data() == other.string_->bytes.data() &&
                                          string_->bytes.size() == other.string_->bytes.size());
    default:
      return object_ == other.object_;
  }
}

bool equal(Run& run, const Any& a, const Any& b) {
  if (a.is_number() && b.is_number()) return number_order(a, b) == std::partial_ordering::equivalent;
  if (a.is_undefined()) a.undefined().use();
  if (b.is_undefined()) b.undefined().use();
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Type::undefined:
    case Type::none:
      return true;
    case Type::string:
      if (a.string().bytes.size() != b.string().bytes.size()) return false;
      run.count_search(a.string().bytes.size() / 16);
      return a.string().bytes == b.string().bytes;
    case Type::list:
    case Type::tuple: {
      const DeeperValue deeper(run);
      return equal_items(run, a.items(), b.items());
    }
    case Type::dict: {
      const DeeperValue deeper(run);
      return equal_entries(run, a.dict(), b.dict());
    }
    default:
      return &a.object() == &b.object() || a.object().equals(run, b.object());
  }
}

bool compare(Run& run, Op op, const Any& a, const Any& b) {
  switch (op) {
    case Op::equal:
      return equal(run, a, b);
    case Op::not_equal:
      return !equal(run, a, b);
    case Op::in:
      return contains(run, b, a);
    case Op::not_in:
      return !contains(run, b, a);
    default:
      return ordered(run, op, a, b);
  }
}

bool contains(Run& run, const Any& container, const Any& item) {
  if (container.is_string()) {
    if (!item.is_string())
      type_error(fmt::format("'in <string>' requires string as left operand, not {}", type_name(item)));
    run.count_search(container.string().bytes.size());
    return find_text(container.string().bytes, item.string().bytes) != std::string_view::npos;
  }
  if (container.is(Type::dict)) return container.dict().find(run, item) != nullptr;
  if (bool answer = false; container.is(Type::object) && container.object().contains(run, item, answer)) return answer;
  if (!is_iterable(run, container))
    type_error(fmt::format("argument of type '{}' is not iterable", type_name(container)));
  bool found = false;
  for_each(run, container, [&](const Any& each) { return !(found = each.same_as(item) || equal(run, each, item)); });
  return found;
}

std::size_t hash_of(Run& run, const Any& value) {
  switch (value.type()) {
    case Type::none:
      return mixed(0x6E6F6E65);
    case Type::boolean:
    case Type::integer:
      return mixed(static_cast<std::uint64_t>(value.integer()));
    case Type::big:
    case Type::floating: {
      const double number = value.is(Type::big) ? value.big().to_double() : value.floating();
      if (number >= -0x1p63 && number < 0x1p63 && number == std::floor(number))
        return mixed(static_cast<std::uint64_t>(static_cast<std::int64_t>(number)));
      return mixed(std::bit_cast<std::uint64_t>(number));
    }
    case Type::string:
      run.count_search(value.string().bytes.size());
      return hash_name(value.string().bytes);
    case Type::tuple: {
      const DeeperValue deeper(run);
      std::size_t hash = mixed(value.items().items.size());
      run.count_steps(value.items().items.size());
      for (const auto& item : value.items().items) hash = mixed(hash ^ hash_of(run, item));
      return hash;
    }
    case Type::list:
    case Type::dict:
      type_error(fmt::format("unhashable type: '{}'", type_name(value)));
    case Type::undefined:
      value.undefined().use();
      return mixed(0x756E646566);
    case Type::object:
      break;
  }
  return mixed(value.object().hash(run));
}

}  // namespace berth::jinja
