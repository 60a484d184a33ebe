#include "tokenizer/trie.h"

#include <algorithm>

#include "tokenizer/hash_numbers.h"

namespace berth::tokenizing {

std::size_t Trie::slot(std::uint64_t key) const {
  const auto mask = edges_.size() - 1;
  auto at = hash_number(key) & mask;
  while (edges_[at].child != none && edges_[at].key != key) at = (at + 1) & mask;
  return at;
}

void Trie::grow() {
  std::vector<Edge> old(std::max<std::size_t>(256, 2 * edges_.size()));
  old.swap(edges_);
  for (const auto& each : old)
    if (each.child != none) edges_[slot(each.key)] = each;
}

std::uint32_t Trie::child(std::uint32_t node, unsigned char byte) const {
  if (node == root) return first_[byte];
  if (edges_.empty()) return none;
  return edges_[slot(std::uint64_t{node} << 8U | byte)].child;
}

void Trie::add(std::string_view text, std::uint32_t number) {
  std::uint32_t node = root;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (2 * edge_count_ >= edges_.size()) grow();
    std::uint32_t* next = &first_[byte];
    if (node != root) {
      const std::uint64_t key = std::uint64_t{node} << 8U | byte;
      auto& found = edges_[slot(key)];
      found.key = key;
      next = &found.child;
    }
    if (*next == none) {
      if (node != root) ++edge_count_;
      *next = static_cast<std::uint32_t>(numbers_.size());
      numbers_.push_back(none);
    }
    node = *next;
  }
  if (node != root) numbers_[node] = number;
}

Trie::Match Trie::longest(std::string_view text, std::uint32_t from) const {
  Match best;
  std::uint32_t node = from;
  for (std::size_t at = 0; at < text.size(); ++at) {
    node = child(node, static_cast<unsigned char>(text[at]));
    if (node == none) break;
    if (numbers_[node] != none) best = {at + 1, numbers_[node]};
  }
  return best;
}

std::uint32_t Trie::node_of(std::string_view text) const {
  std::uint32_t node = root;
  for (const char c : text) {
    node = child(node, static_cast<unsigned char>(c));
    if (node == none) return none;
  }
  return node;
}

}  // namespace berth::tokenizing
