#include "berth/document_joiner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <unordered_map>

#include "text/printable.h"

namespace berth {
namespace {

using Documents = std::vector<Document>;
using DocumentLists = std::vector<Documents>;

constexpr std::array<std::string_view, 4> join_modes = {"concatenate", "merge", "reciprocal_rank_fusion",
                                                        "distribution_based_rank_fusion"};

/// What a document is sorted by.
double rank_of(const Document& document) {
  constexpr double last = -std::numeric_limits<double>::infinity();
  const double score = document.score.value_or(last);
  return std::isnan(score) ? last : score;
}

/// Documents by their ids, in the order in which each came first.
class Joined {
 public:
  /// The document with that id, which is `document` where there was none.
  Document& at(const Document& document) {
    const auto [found, is_new] = place_.try_emplace(document.id, documents_.size());
    if (is_new) documents_.push_back(document);
    return documents_[found->second];
  }

  Documents take() && { return std::move(documents_); }

 private:
  Documents documents_;
  std::unordered_map<std::string, std::size_t> place_;
};

Documents with_best_scores(const DocumentLists& lists) {
  Joined joined;
  for (const auto& list : lists)
    for (const auto& document : list)
      if (auto& best = joined.at(document); rank_of(document) > rank_of(best)) best = document;
  return std::move(joined).take();
}

/// The document that came last, with the sum over the lists of `part(document, its place)` times the list's weight.
template <class Part>
Documents with_sums(const DocumentLists& lists, const std::optional<std::vector<double>>& given, Part part) {
  const auto weights = given.value_or(std::vector<double>(lists.size(), 1 / static_cast<double>(lists.size())));
  if (weights.size() != lists.size())
    throw std::invalid_argument(
        fmt::format("There are {} weights for {} lists of documents: give one for each list, or none", weights.size(),
                    lists.size()));
  Joined joined;
  std::unordered_map<std::string, double> sums;
  for (std::size_t i = 0; i < lists.size(); ++i)
    for (std::size_t place = 0; place < lists[i].size(); ++place) {
      const auto& document = lists[i][place];
      const double sum = sums[document.id] += part(document, static_cast<double>(place), weights[i]);
      auto& last = joined.at(document);
      last = document;
      last.score = sum;
    }
  return std::move(joined).take();
}

Documents merged(const DocumentLists& lists, const std::optional<std::vector<double>>& weights) {
  return with_sums(lists, weights,
                   [](const Document& document, double, double weight) { return document.score.value_or(0) * weight; });
}

Documents fused_by_rank(const DocumentLists& lists, const std::optional<std::vector<double>>& weights) {
  constexpr double k = 61;  // 60 of the paper, whose ranks count from 1
  const auto count = static_cast<double>(lists.size());
  auto documents = with_sums(
      lists, weights, [&](const Document&, double place, double weight) { return weight * count / (k + place); });
  for (auto& document : documents) *document.score /= count / k;
  return documents;
}

/// Scores from 0 to 1 where they stand within three standard deviations of the list's mean.
Documents scaled(Documents documents) {
  if (documents.empty()) return documents;
  const auto count = static_cast<double>(documents.size());
  double sum = 0;
  for (const auto& document : documents) sum += document.score.value_or(0);
  const double mean = sum / count;
  double squares = 0;
  for (const auto& document : documents) squares += std::pow(document.score.value_or(0) - mean, 2);
  const double deviation = std::sqrt(squares / count);
  const double least = mean - 3 * deviation;
  const double width = mean + 3 * deviation - least;
  for (auto& document : documents)
    document.score = width == 0 ? 0.0 : (document.score.value_or(0) - least) / width;  // all the same tell nothing
  return documents;
}

Documents join(JoinMode mode, DocumentLists lists, const std::optional<std::vector<double>>& weights) {
  if (lists.empty()) return {};
  if (mode == JoinMode::merge) return merged(lists, weights);
  if (mode == JoinMode::reciprocal_rank_fusion) return fused_by_rank(lists, weights);
  if (mode == JoinMode::distribution_based_rank_fusion)
    for (auto& list : lists) list = scaled(std::move(list));
  return with_best_scores(lists);
}

/// Python's documents[:top_k].
void cut(Documents& documents, std::int64_t top_k) {
  const auto count = static_cast<std::int64_t>(documents.size());
  const auto kept = top_k < 0 ? std::max<std::int64_t>(count + std::max(top_k, -count), 0) : std::min(top_k, count);
  documents.erase(documents.begin() + kept, documents.end());
}

DocumentJoinerParameters with_sum_of_one(DocumentJoinerParameters given) {
  if (!given.weights) return given;
  if (given.weights->empty()) {
    given.weights.reset();
    return given;
  }
  const double sum = std::accumulate(given.weights->begin(), given.weights->end(), 0.0);
  if (sum == 0) throw std::invalid_argument("The provided `weights` must not sum to zero.");
  for (auto& weight : *given.weights) weight /= sum;
  return given;
}

}  // namespace

Value ValueTraits<JoinMode>::to_value(JoinMode mode) { return join_modes.at(static_cast<std::size_t>(mode)); }

JoinMode ValueTraits<JoinMode>::from_value(const Value& value) {
  const auto found = std::ranges::find(join_modes, value.as_string());
  if (found == join_modes.end())
    throw std::invalid_argument(
        fmt::format("Unknown join mode {}. Supported modes in DocumentJoiner are: ['concatenate', 'merge', "
                    "'reciprocal_rank_fusion', 'distribution_based_rank_fusion']",
                    in_quotes(value.as_string())));
  return static_cast<JoinMode>(found - join_modes.begin());
}

DocumentJoiner::DocumentJoiner(Parameters given) : ComponentWith(type_name, with_sum_of_one(std::move(given))) {}

void DocumentJoiner::run(Run& run) {
  const auto& own = parameters();
  auto documents = join(own.join_mode, run.get(documents_), own.weights);
  if (own.sort_by_score) std::ranges::stable_sort(documents, std::ranges::greater(), rank_of);
  const auto top_k = run.get(top_k_).value_or(0);
  if (const auto count = top_k != 0 ? top_k : own.top_k.value_or(0); count != 0) cut(documents, count);
  run.set(joined_, std::move(documents));
}

}  // namespace berth
