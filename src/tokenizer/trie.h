/// Which of many texts a text starts with.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace berth::tokenizing {

/// A trie over bytes, its edges in one hash table. Each text has a number.
class Trie {
 public:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  Trie() { first_.fill(none); }

  /// A text that is there already gets the new number.
  void add(std::string_view text, std::uint32_t number);

  /// Calls `visit(length, number)` for each of the texts that `text` starts with, the shortest first.
  template <class F>
  void prefixes(std::string_view text, F visit) const {
    std::uint32_t node = root;
    for (std::size_t at = 0; at < text.size(); ++at) {
      node = child(node, static_cast<unsigned char>(text[at]));
      if (node == none) return;
      if (numbers_[node] != none) visit(at + 1, numbers_[node]);
    }
  }

  /// A longest text that `text` starts with.
  struct Match {
    std::size_t length = 0;
    std::uint32_t number = none;
  };
  Match longest(std::string_view text, std::uint32_t from = root) const;

  /// The node that `text` leads to, from which longest() can go on; none where it leads nowhere.
  std::uint32_t node_of(std::string_view text) const;

  bool empty() const { return numbers_.size() == 1; }
  bool can_start(char byte) const { return first_[static_cast<unsigned char>(byte)] != none; }

  static constexpr std::uint32_t root = 0;

 private:
  struct Edge {
    std::uint64_t key = ~std::uint64_t{0};  // node and byte
    std::uint32_t child = none;
  };

  std::uint32_t child(std::uint32_t node, unsigned char byte) const;
  std::size_t slot(std::uint64_t key) const;
  void grow();

  std::array<std::uint32_t, 256> first_{};  // children of the root
  std::vector<Edge> edges_;
  std::size_t edge_count_ = 0;
  std::vector<std::uint32_t> numbers_ = {none};  // by node
};

}  // namespace berth::tokenizing
