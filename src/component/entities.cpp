#include "component/entities.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace berth {
namespace {

/// A label without B- or I-.
struct Tag {
  bool begins;
  std::string_view name;
};

Tag tag_of(std::string_view label) {
  if (label.starts_with("B-")) return {true, label.substr(2)};
  if (label.starts_with("I-")) return {false, label.substr(2)};
  return {false, label};
}

/// The best label of a token, and its probability.
std::pair<std::size_t, float> best_label(std::span<const float> row) {
  const auto best = std::ranges::max_element(row);
  float sum = 0;
  for (const float logit : row) sum += std::exp(logit - *best);
  return {static_cast<std::size_t>(best - row.begin()), 1 / sum};
}

/// Tokens of one name.
struct Group {
  std::string_view label;  // of its first token
  Tag last;
  std::size_t start;
  std::size_t end;
  float sum;
  float tokens;

  NamedEntityAnnotation entity() const {
    return {.entity = std::string(label.substr(std::min(label.find('-') + 1, label.size()))),
            .start = static_cast<std::int64_t>(start),
            .end = static_cast<std::int64_t>(end),
            .score = sum / tokens};
  }
};

}  // namespace

std::vector<NamedEntityAnnotation> entities_of(const Encoding& piece, std::span<const float> logits,
                                               const std::vector<std::string>& labels,
                                               const std::vector<std::string>& ignored) {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < piece.size(); ++i) {
    if (piece.special_tokens_mask[i] != 0) continue;
    const auto [label, score] = best_label(logits.subspan(i * labels.size(), labels.size()));
    const auto tag = tag_of(labels[label]);
    if (!groups.empty() && groups.back().last.name == tag.name && !tag.begins) {
      auto& group = groups.back();
      group.last = tag;
      group.end = piece.offsets[i].end;
      group.sum += score;
      ++group.tokens;
    } else {
      groups.push_back({labels[label], tag, piece.offsets[i].begin, piece.offsets[i].end, score, 1});
    }
  }
  std::vector<NamedEntityAnnotation> entities;
  for (const auto& group : groups)
    if (auto entity = group.entity(); std::ranges::find(ignored, entity.entity) == ignored.end())
      entities.push_back(std::move(entity));
  return entities;
}

std::vector<NamedEntityAnnotation> without_shorter_ones(std::vector<NamedEntityAnnotation> entities) {
  std::ranges::stable_sort(entities, {}, &NamedEntityAnnotation::start);
  std::vector<NamedEntityAnnotation> kept;
  // transformers compares the first one with itself: where it is empty, it stands there twice.
  if (!entities.empty() && entities.front().start == entities.front().end) kept.push_back(entities.front());
  for (auto& entity : entities) {
    if (kept.empty() || entity.start >= kept.back().end) {
      kept.push_back(std::move(entity));
      continue;
    }
    const auto strength = [](const NamedEntityAnnotation& each) {
      return std::pair(each.end - each.start, each.score.value_or(0));
    };
    if (strength(entity) > strength(kept.back())) kept.back() = std::move(entity);
  }
  return kept;
}

}  // namespace berth
