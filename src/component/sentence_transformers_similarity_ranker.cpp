#include "berth/sentence_transformers_similarity_ranker.h"

#include <utility>

#include "component/cross_encoder.h"
#include "component/document_text.h"
#include "component/encoder_defaults.h"

namespace berth {

SentenceTransformersSimilarityRanker::SentenceTransformersSimilarityRanker(Parameters given)
    : EncoderComponent(type_name, with_encoder_defaults(std::move(given))) {
  check_top_k(parameters().top_k);
}

void SentenceTransformersSimilarityRanker::warm_up(const CallContext& context) { check_ranker(encoder(context)); }

void SentenceTransformersSimilarityRanker::run(Run& run) {
  const auto& own = parameters();
  const auto model = encoder(run.context());
  auto documents = run.get(given_);
  if (documents.empty()) return run.set(documents_, {});
  const auto given_top_k = run.get(top_k_).value_or(0);
  const auto top_k = given_top_k != 0 ? given_top_k : own.top_k;
  const bool scales = run.get(scale_score_).value_or(false) || own.scale_score;
  const auto given_threshold = run.get(score_threshold_);
  const auto threshold = given_threshold.value_or(0) != 0 ? given_threshold : own.score_threshold;
  check_top_k(top_k);

  documents = deduplicated(std::move(documents));
  const auto query = own.query_prefix + run.get(query_) + own.query_suffix;
  std::vector<EncodeInput> pairs;
  for (const auto& each : documents)
    pairs.push_back({query, own.document_prefix + text_of(each, *own.meta_fields_to_embed, own.embedding_separator) +
                                own.document_suffix});
  auto scores = pair_scores(model, pairs, local().max_tokens(), run.context());
  if (scales)
    for (auto& each : scores) each = sigmoid(each);
  run.set(documents_, ranked(std::move(documents), scores, threshold, static_cast<std::size_t>(top_k)));
}

}  // namespace berth
