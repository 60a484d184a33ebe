#include "tokenizer/precompiled.h"

#include <fmt/format.h>

#include <stdexcept>

#include "tokenizer/graphemes.h"

namespace berth::tokenizing {
namespace {

constexpr std::size_t shortest_long_grapheme = 6;

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i]));
  };
  return byte(0) | byte(1) << 8U | byte(2) << 16U | byte(3) << 24U;
}

// A unit of Darts-clone.
bool has_leaf(std::uint32_t unit) { return (unit >> 8U & 1U) == 1; }
std::uint32_t value(std::uint32_t unit) { return unit & ((1U << 31U) - 1); }
std::uint32_t label(std::uint32_t unit) { return unit & (1U << 31U | 0xFFU); }
std::uint32_t offset(std::uint32_t unit) { return (unit >> 10U) << ((unit & 1U << 9U) >> 6U); }

std::size_t characters_in(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += character_length(text[at])) ++count;
  return count;
}

/// A new character, and how it changes the text (Rewrite::put).
struct NewCharacter {
  std::uint32_t code;
  int change;
};

/// `to` stands for `from`: of more characters the last ones are added, of fewer the last one stands for the rest. Where
/// `to` is empty that is the one before, if there is one: as in `tokenizers`, whose offsets depend on it.
void replace(std::string_view from, std::string_view to, std::vector<NewCharacter>& out) {
  const auto old_count = static_cast<int>(characters_in(from));
  int count = 0;
  each_character(to, [&](std::uint32_t code) { out.push_back({code, count++ < old_count ? 0 : 1}); });
  if (count < old_count && !out.empty()) out.back().change += count - old_count;
}

}  // namespace

PrecompiledMap::PrecompiledMap(std::string_view bytes) {
  if (bytes.size() < 4) throw std::invalid_argument("it ends before the size of its trie");
  const std::size_t units = little_endian(bytes, 0) / 4;
  if (units > (bytes.size() - 4) / 4)
    throw std::invalid_argument(fmt::format("its trie of {} units is longer than its {} bytes", units, bytes.size()));
  if (units == 0) throw std::invalid_argument("its trie is empty");
  trie_.reserve(units);
  for (std::size_t i = 0; i < units; ++i) trie_.push_back(little_endian(bytes, 4 + 4 * i));
  texts_ = bytes.substr(4 + 4 * units);
  if (!is_utf8(texts_)) throw std::invalid_argument("its texts are not UTF-8");
}

std::optional<std::string_view> PrecompiledMap::find(std::string_view text) const {
  std::size_t node = offset(trie_[0]);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) return std::nullopt;
    node ^= byte;
    if (node >= trie_.size() || label(trie_[node]) != byte) return std::nullopt;
    const auto unit = trie_[node];
    node ^= offset(unit);
    if (!has_leaf(unit)) continue;
    if (node >= trie_.size()) return std::nullopt;
    const std::size_t start = value(trie_[node]);
    if (start > texts_.size()) return std::nullopt;
    if (start < texts_.size() && (static_cast<unsigned char>(texts_[start]) & 0xC0U) == 0x80) return std::nullopt;
    return std::string_view(texts_).substr(start, texts_.find('\0', start) - start);
  }
  return std::nullopt;
}

void PrecompiledMap::write(std::string_view text, Rewrite& rewrite) const {
  std::vector<NewCharacter> out;
  out.reserve(text.size());
  bool is_changed = false;
  const auto replace_with_rule = [&](std::string_view part) {
    const auto found = find(part);
    if (found) replace(part, *found, out);
    is_changed = is_changed || found;
    return found.has_value();
  };
  for (auto rest = text; !rest.empty();) {
    const auto grapheme = rest.substr(0, first_grapheme(rest));
    rest.remove_prefix(grapheme.size());
    if (grapheme.size() < shortest_long_grapheme && replace_with_rule(grapheme)) continue;
    for (std::size_t at = 0; at < grapheme.size();) {
      const auto character = character_at(grapheme, at);
      if (!replace_with_rule(grapheme.substr(at, character.length))) out.push_back({character.code, 0});
      at += character.length;
    }
  }
  if (!is_changed) return rewrite.keep_bytes(text.size());
  for (const auto& each : out) rewrite.put(each.code, each.change);
}

}  // namespace berth::tokenizing
