/// The merges of byte pair encoding.
#pragma once

#include <cstdint>
#include <vector>

namespace berth::tokenizing {

/// A token within a word.
struct Symbol {
  std::uint32_t id;
  std::uint32_t length;        ///< in bytes; 0 once it is part of the one before
  std::int32_t previous = -1;  ///< set by apply()
  std::int32_t next = -1;
};

/// Which two tokens become which one, and in what order. Immutable once filled.
class Merges {
 public:
  explicit Merges(std::size_t count);

  /// A pair that is there already gets the new rank.
  void add(std::uint32_t left, std::uint32_t right, std::uint32_t rank, std::uint32_t joined);

  /// Joins what can be joined, the lowest rank first, of equal ones the leftmost. Symbols that were joined to the one
  /// before have length 0. O(n log n).
  void apply(std::vector<Symbol>& symbols) const;

 private:
  struct Merge {
    std::uint64_t pair;
    std::uint32_t rank;
    std::uint32_t joined;
    bool is_set = false;
  };

  const Merge* find(std::uint32_t left, std::uint32_t right) const;

  std::vector<Merge> slots_;
};

}  // namespace berth::tokenizing
