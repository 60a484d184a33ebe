/// Dictionaries with keys of any type that can be hashed, in the order of insertion.
#pragma once

#include "jinja/any.h"

namespace berth::jinja {

class Dict {
 public:
  struct Entry {
    Any key;
    Any value;
    std::size_t hash;
  };

  explicit Dict(std::pmr::memory_resource* memory) : entries_(memory), slots_(memory) {}

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  const Entry& entry(std::size_t position) const { return entries_[position]; }
  std::pmr::vector<Entry>& entries() { return entries_; }  ///< of which only the values may change
  const std::pmr::vector<Entry>& entries() const { return entries_; }

  /// The value of `key`, or nullptr. Throws a TypeError for a key that cannot be hashed.
  Any* find(Run& run, const Any& key);
  Any* find(Run& run, std::string_view key);
  /// A key that is there keeps its place, and itself.
  void set(Run& run, const Any& key, const Any& value);
  bool erase(Run& run, const Any& key);
  void clear();

 private:
  static constexpr std::size_t scan_limit = 8;
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  std::size_t position(Run& run, const Any& key, std::size_t hash) const;
  void add_to_slots(std::size_t position);
  void rebuild();

  std::pmr::vector<Entry> entries_;
  std::pmr::vector<std::uint32_t> slots_;  // where each entry stands, from 1; empty in a small dictionary
};

}  // namespace berth::jinja
