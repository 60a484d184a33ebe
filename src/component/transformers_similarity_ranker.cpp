#include "berth/transformers_similarity_ranker.h"

#include <stdexcept>
#include <utility>

#include "berth/hf_kwargs.h"
#include "component/cross_encoder.h"
#include "component/document_text.h"

namespace berth {
namespace {

constexpr const char* no_calibration_factor =
    "scale_score is True so calibration_factor must be provided, but got None";

/// As they are serialized: the device stands in `model_kwargs`.
TransformersSimilarityRankerParameters with_ranker_defaults(TransformersSimilarityRankerParameters parameters) {
  auto kwargs = parameters.model_kwargs.value_or(Value::Object{});
  deserialize_hf_model_kwargs(kwargs);
  const auto* map = kwargs.find("device_map");
  const bool has_map = map != nullptr && !map->is_null() && *map != Value("") && *map != Value(Value::Object{});
  if (!has_map && !parameters.device) parameters.device = default_encoder_device();
  parameters.model_kwargs = resolve_hf_device_map(parameters.device, std::move(kwargs), parameters.log);
  parameters.device.reset();
  if (!parameters.tokenizer_kwargs) parameters.tokenizer_kwargs.emplace();
  if (!parameters.meta_fields_to_embed) parameters.meta_fields_to_embed.emplace();
  if (parameters.scale_score && !parameters.calibration_factor) throw std::invalid_argument(no_calibration_factor);
  check_top_k(parameters.top_k);
  return parameters;
}

}  // namespace

TransformersSimilarityRanker::TransformersSimilarityRanker(Parameters given)
    : EncoderComponent(type_name, with_ranker_defaults(std::move(given))) {}

void TransformersSimilarityRanker::warm_up(const CallContext& context) { check_ranker(encoder(context)); }

void TransformersSimilarityRanker::run(Run& run) {
  const auto& own = parameters();
  const auto model = encoder(run.context());
  auto documents = run.get(given_);
  if (documents.empty()) return run.set(documents_, {});
  const auto given_top_k = run.get(top_k_).value_or(0);
  const auto top_k = given_top_k != 0 ? given_top_k : own.top_k;
  const bool scales = run.get(scale_score_).value_or(false) || own.scale_score;
  const auto given_factor = run.get(calibration_factor_);
  const auto factor = given_factor.value_or(0) != 0 ? given_factor : own.calibration_factor;
  const auto given_threshold = run.get(score_threshold_);
  const auto threshold = given_threshold.value_or(0) != 0 ? given_threshold : own.score_threshold;
  check_top_k(top_k);
  if (scales && !factor) throw std::invalid_argument(no_calibration_factor);

  documents = deduplicated(std::move(documents));
  const auto query = own.query_prefix + run.get(query_);
  std::vector<EncodeInput> pairs;
  for (const auto& each : documents)
    pairs.push_back({query, own.document_prefix + text_of(each, *own.meta_fields_to_embed, own.embedding_separator)});
  auto scores = pair_scores(model, pairs, local().max_tokens().value_or(model.tokenizer_max_tokens()), run.context());
  if (scales)
    for (auto& each : scores) each = sigmoid(each * static_cast<float>(*factor));
  run.set(documents_, ranked(std::move(documents), scores, threshold, static_cast<std::size_t>(top_k)));
}

}  // namespace berth
