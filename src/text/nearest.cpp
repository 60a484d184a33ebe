#include "text/nearest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>

namespace berth {
namespace {

constexpr std::size_t longest_compared = 128;

enum class Of { whole, part };

/// Insertions, deletions and replacements from one text to the other (Levenshtein), or to the part of the other that is
/// the nearest (Sellers).
std::size_t edit_distance(std::string_view a, std::string_view b, Of of) {
  std::vector<std::size_t> row(b.size() + 1);
  if (of == Of::whole)
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return of == Of::whole ? row[b.size()] : *std::ranges::min_element(row);
}

std::string nearest(std::string_view text, const std::vector<std::string>& candidates, Of of) {
  if (text.size() > longest_compared) return {};
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(text.size() / 4, 1) + 1;
  for (const auto& candidate : candidates) {
    if (candidate.size() > longest_compared) continue;
    const auto distance = edit_distance(lower(text), lower(candidate), of);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace

std::string nearest(std::string_view text, const std::vector<std::string>& candidates) {
  return nearest(text, candidates, Of::whole);
}

std::string nearest_part(std::string_view text, const std::vector<std::string>& candidates) {
  return nearest(text, candidates, Of::part);
}

std::string nearest_hint(std::string_view name, const std::vector<std::string>& known) {
  const auto best = nearest(name, known);
  if (!best.empty()) return fmt::format("; did you mean '{}'?", best);
  return known.empty() ? "; it has none" : fmt::format("; it has: {}", fmt::join(known, ", "));
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

}  // namespace berth
