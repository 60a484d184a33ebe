#include "component/answer_spans.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace berth {
namespace {

/// A span in tokens.
struct TokenRange {
  std::size_t first;
  std::size_t last;
  float score;
};

bool is_better(const TokenRange& a, const TokenRange& b) {
  if (a.score != b.score) return a.score > b.score;
  return std::pair(a.first, a.last) < std::pair(b.first, b.last);
}

/// How many characters both have.
std::ptrdiff_t shared(const FoundAnswer& a, const FoundAnswer& b) {
  if (a.begin > b.end || b.begin > a.end) return 0;
  const auto length = [](std::size_t begin, std::size_t end) {
    return static_cast<std::ptrdiff_t>(end) - static_cast<std::ptrdiff_t>(begin);
  };
  return std::min({length(a.begin, a.end), length(b.begin, a.end), length(a.begin, b.end), length(b.begin, b.end)});
}

bool overlaps(const FoundAnswer& a, const FoundAnswer& b, double threshold) {
  const auto both = static_cast<double>(shared(a, b));
  if (both == 0) return false;
  return both / static_cast<double>(a.end - a.begin) > threshold ||
         both / static_cast<double>(b.end - b.begin) > threshold;
}

}  // namespace

std::vector<AnswerSpan> best_answer_spans(const Encoding& piece, std::span<const float> logits, float calibration,
                                          std::size_t count) {
  std::vector<std::size_t> passage;
  for (std::size_t i = 0; i < piece.size(); ++i)
    if (piece.sequence_ids[i] == 1U) passage.push_back(i);

  std::vector<TokenRange> best;  // a heap whose front is the worst
  for (auto first = passage.begin(); first != passage.end(); ++first)
    for (auto last = first; last != passage.end(); ++last) {
      const float logit = logits[2 * *first] + logits[2 * *last + 1];
      const TokenRange range{*first, *last, 1 / (1 + std::exp(-logit * calibration))};
      if (!(range.score > 0)) continue;
      if (best.size() == count) {
        if (count == 0 || !is_better(range, best.front())) continue;
        std::ranges::pop_heap(best, is_better);
        best.pop_back();
      }
      best.push_back(range);
      std::ranges::push_heap(best, is_better);
    }
  std::ranges::sort(best, is_better);

  std::vector<AnswerSpan> spans;
  for (const auto& [first, last, score] : best)
    spans.push_back({piece.offsets[first].begin, piece.offsets[last].end, score});
  return spans;
}

std::vector<FoundAnswer> best_answers(std::vector<FoundAnswer> answers, std::span<const Document> documents,
                                      std::optional<double> threshold, std::size_t count) {
  std::ranges::stable_sort(answers, std::ranges::greater(), &FoundAnswer::score);
  std::vector<FoundAnswer> best;
  for (const auto& answer : answers) {
    if (best.size() == count) break;
    const bool is_repeated =
        threshold && std::ranges::any_of(best, [&](const FoundAnswer& better) {
          return documents[better.document].id == documents[answer.document].id && overlaps(answer, better, *threshold);
        });
    if (!is_repeated) best.push_back(answer);
  }
  return best;
}

}  // namespace berth
