#include "component/cross_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace berth {

void check_ranker(const TextEncoder& encoder) {
  (void)encoder.classify({});  // tells where it is no classifier
  const auto& info = encoder.info();
  if (info.labels.size() != 1)
    throw std::invalid_argument(fmt::format("'{}' cannot rank: it has {} labels ({}), and a model that ranks has one",
                                            info.path.string(), info.labels.size(), fmt::join(info.labels, ", ")));
}

std::vector<float> pair_scores(const TextEncoder& encoder, std::span<const EncodeInput> pairs,
                               std::optional<std::size_t> max_tokens, const CallContext& context) {
  check_ranker(encoder);
  return encoder.classify(pairs, max_tokens, {.stop = context.stop, .log = context.log}).values;
}

float sigmoid(float x) { return 1.0F / (1.0F + std::exp(-x)); }

std::vector<Document> ranked(std::vector<Document> documents, const std::vector<float>& scores,
                             std::optional<double> threshold, std::size_t top_k) {
  std::vector<std::size_t> order(documents.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<Document> best;
  for (const auto i : order) {
    if (best.size() == top_k || (threshold && scores[i] < *threshold)) break;
    documents[i].score = scores[i];
    best.push_back(std::move(documents[i]));
  }
  return best;
}

void check_top_k(std::int64_t top_k) {
  if (top_k <= 0) throw std::invalid_argument(fmt::format("top_k must be > 0, but got {}", top_k));
}

}  // namespace berth
