#include "berth/sentence_transformers_diversity_ranker.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "component/cross_encoder.h"
#include "component/document_text.h"
#include "component/encoder_defaults.h"
#include "component/sentence_embedding.h"
#include "text/printable.h"
#include "value/python_text.h"

namespace berth {
namespace {

constexpr std::string_view by_margin = "maximum_margin_relevance";

using Vector = std::vector<double>;

void check_lambda(double lambda, const std::string& strategy) {
  if (strategy == by_margin && !(lambda >= 0 && lambda <= 1))
    throw std::invalid_argument(
        fmt::format("lambda_threshold must be between 0 and 1, but got {}.", python_float(lambda)));
}

SentenceTransformersDiversityRankerParameters with_diversity_defaults(
    SentenceTransformersDiversityRankerParameters parameters) {
  check_top_k(parameters.top_k);
  parameters = with_encoder_defaults(std::move(parameters));
  if (parameters.similarity != "dot_product" && parameters.similarity != "cosine")
    throw std::invalid_argument(
        fmt::format("Unknown similarity metric '{}'. Supported metrics are: ['dot_product', 'cosine']",
                    printable(parameters.similarity)));
  if (parameters.strategy != "greedy_diversity_order" && parameters.strategy != by_margin)
    throw std::invalid_argument(fmt::format(
        "Unknown strategy '{}'. Supported strategies are: ['greedy_diversity_order', 'maximum_margin_relevance']",
        printable(parameters.strategy)));
  check_lambda(parameters.lambda_threshold, parameters.strategy);
  return parameters;
}

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

std::size_t nearest_to(const Vector& query, const std::vector<Vector>& documents) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < documents.size(); ++i)
    if (dot(query, documents[i]) > dot(query, documents[best])) best = i;
  return best;
}

/// After the nearest, always the one that is least like those before it, in the mean.
std::vector<std::size_t> greedy_order(const Vector& query, const std::vector<Vector>& documents, std::size_t count) {
  std::vector<std::size_t> order = {nearest_to(query, documents)};
  std::vector<double> likeness(documents.size(), 0.0);
  std::vector<bool> is_taken(documents.size(), false);
  while (order.size() < count) {
    is_taken[order.back()] = true;
    auto least = documents.size();
    for (std::size_t i = 0; i < documents.size(); ++i) {
      likeness[i] += dot(documents[order.back()], documents[i]);
      if (!is_taken[i] && (least == documents.size() || likeness[i] < likeness[least])) least = i;
    }
    order.push_back(least);
  }
  return order;
}

/// Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and Producing Summaries".
std::vector<std::size_t> margin_order(const Vector& query, const std::vector<Vector>& documents, double lambda,
                                      std::size_t count) {
  std::vector<std::size_t> order = {nearest_to(query, documents)};
  std::vector<double> most_alike(documents.size(), -std::numeric_limits<double>::infinity());
  std::vector<bool> is_taken(documents.size(), false);
  while (order.size() < count) {
    is_taken[order.back()] = true;
    auto best = documents.size();
    double best_score = 0;
    for (std::size_t i = 0; i < documents.size(); ++i) {
      most_alike[i] = std::max(most_alike[i], dot(documents[order.back()], documents[i]));
      if (is_taken[i]) continue;
      const auto score = lambda * dot(query, documents[i]) - (1 - lambda) * most_alike[i];
      if (best != documents.size() && score <= best_score) continue;
      best = i;
      best_score = score;
    }
    order.push_back(best);
  }
  return order;
}

}  // namespace

SentenceTransformersDiversityRanker::SentenceTransformersDiversityRanker(Parameters given)
    : EncoderComponent(type_name, with_diversity_defaults(std::move(given))) {}

void SentenceTransformersDiversityRanker::run(Run& run) {
  const auto& own = parameters();
  const auto model = encoder(run.context());
  auto documents = run.get(given_);
  if (documents.empty()) return run.set(documents_, {});
  const auto top_k = run.get(top_k_).value_or(own.top_k);
  check_top_k(top_k);
  const auto lambda = run.get(lambda_threshold_).value_or(own.lambda_threshold);
  check_lambda(lambda, own.strategy);

  documents = deduplicated(std::move(documents));
  std::vector<std::string> texts = {own.query_prefix + run.get(query_) + own.query_suffix};
  for (const auto& each : documents)
    texts.push_back(own.document_prefix + text_of(each, *own.meta_fields_to_embed, own.embedding_separator) +
                    own.document_suffix);
  const SentenceOptions options{.max_tokens = local().max_tokens(), .normalize = own.similarity == "cosine"};
  auto embeddings = embed_sentences(model, texts, options, run.context());
  const auto query = std::move(embeddings.front());
  embeddings.erase(embeddings.begin());
  const auto count = std::min(static_cast<std::size_t>(top_k), documents.size());
  const auto order = own.strategy == by_margin ? margin_order(query, embeddings, lambda, count)
                                               : greedy_order(query, embeddings, count);
  std::vector<Document> best;
  for (const auto i : order) best.push_back(std::move(documents[i]));
  run.set(documents_, std::move(best));
}

}  // namespace berth
