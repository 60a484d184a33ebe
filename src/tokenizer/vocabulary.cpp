#include "tokenizer/vocabulary.h"

#include <algorithm>

#include "berth/ordered_map.h"
#include "tokenizer/fields.h"

namespace berth::tokenizing {

void Vocabulary::reserve(std::size_t count, std::size_t bytes) {
  texts_.reserve(bytes);
  entries_.reserve(count);
  std::size_t slots = 64;
  while (slots < 2 * count) slots *= 2;
  slots_.assign(slots, 0);
}

std::size_t Vocabulary::slot_of(std::string_view token) const {
  const auto mask = slots_.size() - 1;
  auto slot = hash_name(token) & mask;
  while (slots_[slot] != 0 && view(entries_[slots_[slot] - 1]) != token) slot = (slot + 1) & mask;
  return slot;
}

void Vocabulary::grow() {
  slots_.assign(std::max<std::size_t>(64, 2 * slots_.size()), 0);
  for (std::size_t i = 0; i < entries_.size(); ++i)
    slots_[slot_of(view(entries_[i]))] = static_cast<std::uint32_t>(i + 1);
}

void Vocabulary::add(std::string_view token, std::uint32_t id) {
  if (2 * entries_.size() >= slots_.size()) grow();
  const auto slot = slot_of(token);
  if (slots_[slot] != 0) {
    entries_[slots_[slot] - 1].id = id;
    return;
  }
  entries_.push_back({texts_.size(), static_cast<std::uint32_t>(token.size()), id});
  texts_ += token;
  slots_[slot] = static_cast<std::uint32_t>(entries_.size());
}

void Vocabulary::finish() {
  std::uint32_t most = 0;
  for (const auto& entry : entries_) most = std::max(most, entry.id);
  dense_.clear();
  sparse_.clear();
  if (most < 4 * entries_.size() + 1024) {
    dense_.assign(std::size_t{most} + 1, 0);
    for (std::size_t i = 0; i < entries_.size(); ++i) dense_[entries_[i].id] = static_cast<std::uint32_t>(i + 1);
    return;
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) sparse_.emplace_back(entries_[i].id, static_cast<std::uint32_t>(i));
  std::ranges::sort(sparse_);
}

std::optional<std::uint32_t> Vocabulary::id(std::string_view token) const {
  if (slots_.empty()) return std::nullopt;
  const auto slot = slot_of(token);
  if (slots_[slot] == 0) return std::nullopt;
  return entries_[slots_[slot] - 1].id;
}

std::optional<std::string_view> Vocabulary::token(std::uint32_t id) const {
  if (id < dense_.size() && dense_[id] != 0) return view(entries_[dense_[id] - 1]);
  const auto end = std::ranges::upper_bound(sparse_, id, {}, [](const auto& entry) { return entry.first; });
  if (end == sparse_.begin() || std::prev(end)->first != id) return std::nullopt;
  return view(entries_[std::prev(end)->second]);
}

Vocabulary read_vocabulary(const Value& model, const structs::Place& place) {
  const auto& value = need(model, place, "vocab");
  const structs::Place here(place, "vocab");
  expect_object(value, here);
  std::size_t bytes = 0;
  for (const auto& [token, id] : value.as_object()) bytes += token.size();
  Vocabulary vocabulary;
  vocabulary.reserve(value.as_object().size(), bytes);
  for (const auto& [token, id] : value.as_object()) {
    const structs::Place at(here, token);
    if (token.size() > most_token_bytes) at.fail("is a token of more than 16 KiB");
    vocabulary.add(token, as_id(id, at));
  }
  vocabulary.finish();
  return vocabulary;
}

}  // namespace berth::tokenizing
