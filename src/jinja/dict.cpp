#include "jinja/dict.h"

#include <bit>

#include "berth/ordered_map.h"
#include "jinja/operators.h"
#include "jinja/run.h"

namespace berth::jinja {

std::size_t Dict::position(Run& run, const Any& key, std::size_t hash) const {
  const auto is_key = [&](const Entry& entry) {
    return entry.hash == hash && (entry.key.same_as(key) || equal(run, entry.key, key));
  };
  if (slots_.empty()) {
    for (std::size_t i = 0; i < entries_.size(); ++i)
      if (is_key(entries_[i])) return i;
    return npos;
  }
  for (std::size_t slot = hash;; ++slot) {
    const auto place = slots_[slot & (slots_.size() - 1)];
    if (place == 0) return npos;
    if (is_key(entries_[place - 1])) return place - 1;
  }
}

Any* Dict::find(Run& run, const Any& key) {
  const auto at = position(run, key, hash_of(run, key));
  return at == npos ? nullptr : &entries_[at].value;
}

Any* Dict::find(Run& run, std::string_view key) {
  if (slots_.empty()) {
    for (auto& entry : entries_)
      if (entry.key.is_string() && entry.key.string().bytes == key) return &entry.value;
    return nullptr;
  }
  const Str text{key};
  const auto at = position(run, Any(&text), hash_name(key));
  return at == npos ? nullptr : &entries_[at].value;
}

void Dict::set(Run& run, const Any& key, const Any& value) {
  const auto hash = hash_of(run, key);
  if (const auto at = position(run, key, hash); at != npos) {
    entries_[at].value = value;
    return;
  }
  run.count_steps(1);
  entries_.push_back({key, value, hash});
  if (2 * entries_.size() > slots_.size() && entries_.size() > scan_limit)
    rebuild();
  else if (!slots_.empty())
    add_to_slots(entries_.size() - 1);
}

bool Dict::erase(Run& run, const Any& key) {
  const auto at = position(run, key, hash_of(run, key));
  if (at == npos) return false;
  run.count_steps(entries_.size());
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
  rebuild();
  return true;
}

void Dict::clear() {
  entries_.clear();
  slots_.clear();
}

void Dict::add_to_slots(std::size_t position) {
  std::size_t slot = entries_[position].hash;
  while (slots_[slot & (slots_.size() - 1)] != 0) ++slot;
  slots_[slot & (slots_.size() - 1)] = static_cast<std::uint32_t>(position + 1);
}

void Dict::rebuild() {
  slots_.clear();
  if (entries_.size() <= scan_limit) return;
  slots_.resize(std::bit_ceil(3 * entries_.size()));
  for (std::size_t i = 0; i < entries_.size(); ++i) add_to_slots(i);
}

}  // namespace berth::jinja
