#include "tokenizer/merges.h"

#include <algorithm>
#include <tuple>

#include "tokenizer/hash_numbers.h"

namespace berth::tokenizing {
namespace {

/// A merge that may be done at a symbol.
struct Candidate {
  std::uint32_t rank;
  std::uint32_t at;
  std::uint32_t joined;

  bool operator<(const Candidate& other) const { return std::tie(other.rank, other.at) < std::tie(rank, at); }
};

}  // namespace

Merges::Merges(std::size_t count) {
  std::size_t slots = 64;
  while (slots < 2 * count) slots *= 2;
  slots_.resize(slots);
}

void Merges::add(std::uint32_t left, std::uint32_t right, std::uint32_t rank, std::uint32_t joined) {
  const std::uint64_t pair = std::uint64_t{left} << 32U | right;
  const auto mask = slots_.size() - 1;
  auto slot = hash_number(pair) & mask;
  while (slots_[slot].is_set && slots_[slot].pair != pair) slot = (slot + 1) & mask;
  slots_[slot] = {pair, rank, joined, true};
}

const Merges::Merge* Merges::find(std::uint32_t left, std::uint32_t right) const {
  const std::uint64_t pair = std::uint64_t{left} << 32U | right;
  const auto mask = slots_.size() - 1;
  auto slot = hash_number(pair) & mask;
  while (slots_[slot].is_set && slots_[slot].pair != pair) slot = (slot + 1) & mask;
  return slots_[slot].is_set ? &slots_[slot] : nullptr;
}

void Merges::apply(std::vector<Symbol>& symbols) const {
  thread_local std::vector<Candidate> candidates;
  candidates.clear();
  const auto consider = [&](std::int32_t at) {
    const auto& symbol = symbols[static_cast<std::size_t>(at)];
    const auto* merge = find(symbol.id, symbols[static_cast<std::size_t>(symbol.next)].id);
    if (merge == nullptr) return;
    candidates.push_back({merge->rank, static_cast<std::uint32_t>(at), merge->joined});
    std::push_heap(candidates.begin(), candidates.end());
  };
  const auto count = static_cast<std::int32_t>(symbols.size());
  for (std::int32_t i = 0; i < count; ++i) {
    auto& symbol = symbols[static_cast<std::size_t>(i)];
    symbol.previous = i - 1;
    symbol.next = i + 1 < count ? i + 1 : -1;
  }
  for (std::int32_t i = 0; i + 1 < count; ++i) consider(i);
  while (!candidates.empty()) {
    std::pop_heap(candidates.begin(), candidates.end());
    const auto best = candidates.back();
    candidates.pop_back();
    auto& left = symbols[best.at];
    if (left.length == 0 || left.next < 0) continue;
    auto& right = symbols[static_cast<std::size_t>(left.next)];
    const auto* merge = find(left.id, right.id);
    if (merge == nullptr || merge->joined != best.joined) continue;  // one of the two has changed since
    left.id = best.joined;
    left.length += right.length;
    left.next = right.next;
    right.length = 0;
    if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].previous = static_cast<std::int32_t>(best.at);
    if (left.previous >= 0) consider(left.previous);
    if (left.next >= 0) consider(static_cast<std::int32_t>(best.at));
  }
}

}  // namespace berth::tokenizing
