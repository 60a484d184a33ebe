/// A map from names to values that keeps the order of insertion, as a Python dictionary does.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace berth {

/// A hash of `name` that differs from process to process and cannot be foreseen.
std::size_t hash_name(std::string_view name) noexcept;

/// The hash table of an OrderedMap, in the size of a pointer: most maps are small and have none.
class NameSlots {
 public:
  NameSlots() = default;
  NameSlots(const NameSlots& other)
      : all_(other.all_ ? std::make_unique<std::vector<std::uint32_t>>(*other.all_) : nullptr) {}
  NameSlots(NameSlots&&) noexcept = default;
  NameSlots& operator=(NameSlots other) noexcept {
    all_ = std::move(other.all_);
    return *this;
  }

  std::size_t size() const { return all_ ? all_->size() : 0; }
  std::uint32_t operator[](std::size_t i) const { return (*all_)[i]; }
  std::uint32_t& operator[](std::size_t i) { return (*all_)[i]; }
  void clear() { all_.reset(); }
  void reset(std::size_t n) { all_ = std::make_unique<std::vector<std::uint32_t>>(n); }

 private:
  std::unique_ptr<std::vector<std::uint32_t>> all_;
};

/// Ordered mapping name -> T. Setting a name that is there keeps its place.
///
/// Look-ups scan while the map is small and use a hash table beyond that, whose key is drawn anew in each process, so
/// that no choice of names makes them slow.
/// Not safe for concurrent writes; concurrent reads are.
///
///     OrderedMap<int> map{{"b", 1}, {"a", 2}};
///     map.set("b", 3);                  // still first
///     for (const auto& [name, value] : map) ...
template <class T>
class OrderedMap {
 public:
  using value_type = std::pair<std::string, T>;
  using const_iterator = typename std::vector<value_type>::const_iterator;

  OrderedMap() = default;
  OrderedMap(std::initializer_list<value_type> entries) {
    reserve(entries.size());
    for (const auto& [name, value] : entries) set(name, value);
  }

  /// Inserts at the end, or replaces the value of a name that is there.
  void set(std::string name, T value) {
    if (const auto at = position(name); at != npos) {
      entries_[at].second = std::move(value);
      return;
    }
    entries_.emplace_back(std::move(name), std::move(value));
    if (2 * entries_.size() > slots_.size() && entries_.size() > scan_limit)
      build_index();
    else if (slots_.size() > 0)
      add_to_index(entries_.size() - 1);
  }

  /// Removes `name`; answers whether it was there. Linear in the number of entries.
  bool erase(std::string_view name) {
    const auto at = position(name);
    if (at == npos) return false;
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
    slots_.clear();
    if (entries_.size() > scan_limit) build_index();
    return true;
  }

  /// The same names in the same order, each with `convert(name, value)` for its value.
  template <class F>
  auto map_values(F convert) const {
    using Result = std::decay_t<std::invoke_result_t<F&, const std::string&, const T&>>;
    struct InPlace {  // builds the new value where it will stand, rather than moving it there
      F& convert;
      const value_type& entry;
      operator Result() const { return convert(entry.first, entry.second); }
    };
    OrderedMap<Result> result;
    result.entries_.reserve(entries_.size());
    for (const auto& entry : entries_) result.entries_.emplace_back(entry.first, InPlace{convert, entry});
    result.slots_ = slots_;
    return result;
  }

  /// The value of `name`, or nullptr. The pointer holds until the map changes.
  const T* find(std::string_view name) const {
    const auto at = position(name);
    return at == npos ? nullptr : &entries_[at].second;
  }
  T* find(std::string_view name) {
    const auto at = position(name);
    return at == npos ? nullptr : &entries_[at].second;
  }

  /// The value of `name`. Throws std::out_of_range naming it.
  const T& at(std::string_view name) const {
    const T* value = find(name);
    if (value == nullptr) throw std::out_of_range("No entry is named '" + std::string(name) + "'");
    return *value;
  }

  bool contains(std::string_view name) const { return position(name) != npos; }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  void reserve(std::size_t n) { entries_.reserve(n); }

  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  const value_type& front() const { return entries_.front(); }

  /// The same names with equal values, in any order, as Python compares dictionaries.
  friend bool operator==(const OrderedMap& a, const OrderedMap& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto& [name, value] = a.entries_[i];
      // Maps made the same way have the same order: look there first.
      const T* other = b.entries_[i].first == name ? &b.entries_[i].second : b.find(name);
      if (other == nullptr || !(value == *other)) return false;
    }
    return true;
  }

 private:
  template <class>
  friend class OrderedMap;

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
  static constexpr std::size_t scan_limit = 16;

  std::size_t position(std::string_view name) const {
    if (slots_.size() == 0) {
      for (std::size_t i = 0; i < entries_.size(); ++i)
        if (entries_[i].first == name) return i;
      return npos;
    }
    for (std::size_t slot = hash_name(name);; ++slot) {
      const std::uint32_t place = slots_[slot & (slots_.size() - 1)];
      if (place == 0) return npos;
      if (entries_[place - 1].first == name) return place - 1;
    }
  }

  void add_to_index(std::size_t at) {
    std::size_t slot = hash_name(entries_[at].first);
    while (slots_[slot & (slots_.size() - 1)] != 0) ++slot;
    slots_[slot & (slots_.size() - 1)] = static_cast<std::uint32_t>(at + 1);
  }

  void build_index() {
    slots_.reset(std::bit_ceil(3 * entries_.size()));
    for (std::size_t i = 0; i < entries_.size(); ++i) add_to_index(i);
  }

  std::vector<value_type> entries_;
  NameSlots slots_;  // where each name stands, from 1; empty in a small map, else a power of 2
};

}  // namespace berth
