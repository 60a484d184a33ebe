/// TransformersSimilarityRanker: documents by how they answer a query, by a cross-encoder on this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/document.h"
#include "berth/local_encoder.h"

namespace berth {

struct TransformersSimilarityRankerParameters {
  std::string model = "cross-encoder/ms-marco-MiniLM-L-6-v2";  ///< see locate_encoder() in berth/model.h
  std::optional<ComponentDevice> device = {};                  ///< absent: the best of this machine
  std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);
  std::int64_t top_k = 10;  ///< documents that are given at most
  std::string query_prefix = "";
  std::string document_prefix = "";
  std::optional<std::vector<std::string>> meta_fields_to_embed =
      {};                                              ///< entries of `meta` that stand before the content
  std::string embedding_separator = "\n";              ///< between them
  bool scale_score = true;                             ///< to 0 to 1, by a sigmoid
  std::optional<double> calibration_factor = 1.0;      ///< of the score, before the sigmoid
  std::optional<double> score_threshold = {};          ///< the least score of a document that is given
  std::optional<Value::Object> model_kwargs = {};      ///< `device_map` wins over `device`; `torch_dtype`
  std::optional<Value::Object> tokenizer_kwargs = {};  ///< `model_max_length`, `truncation_side`, ...
  std::int64_t batch_size = 16;                        ///< written down; pairs are computed as fits the device

  LogCallback log = {};  ///< Berth's own: warnings. Not serialized.

  static auto fields() {
    using P = TransformersSimilarityRankerParameters;
    return std::tuple(
        field("model", &P::model), field("device", &P::device), field("token", &P::token), field("top_k", &P::top_k),
        field("query_prefix", &P::query_prefix), field("document_prefix", &P::document_prefix),
        field("meta_fields_to_embed", &P::meta_fields_to_embed), field("embedding_separator", &P::embedding_separator),
        field("scale_score", &P::scale_score), field("calibration_factor", &P::calibration_factor),
        field("score_threshold", &P::score_threshold), field("model_kwargs", &P::model_kwargs),
        field("tokenizer_kwargs", &P::tokenizer_kwargs), field("batch_size", &P::batch_size));
  }
};

/// Haystack's component of that name. As there, a value that is false or 0 in a run does not take the place of the parameter.
class TransformersSimilarityRanker final : public EncoderComponent<TransformersSimilarityRankerParameters> {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.rankers.transformers_similarity.TransformersSimilarityRanker";

  /// Loads nothing. Throws std::invalid_argument where top_k is not above 0, and where scale_score lacks a calibration_factor.
  explicit TransformersSimilarityRanker(Parameters parameters = {});

  /// Throws std::invalid_argument where the model cannot do this.
  void warm_up(const CallContext& context = {}) override;
  void run(Run& run) override;

 private:
  Input<std::string> query_ = input<std::string>("query");
  Input<std::vector<Document>> given_ = input<std::vector<Document>>("documents");
  Input<std::optional<std::int64_t>> top_k_ = input<std::optional<std::int64_t>>("top_k", std::nullopt);
  Input<std::optional<bool>> scale_score_ = input<std::optional<bool>>("scale_score", std::nullopt);
  Input<std::optional<double>> calibration_factor_ = input<std::optional<double>>("calibration_factor", std::nullopt);
  Input<std::optional<double>> score_threshold_ = input<std::optional<double>>("score_threshold", std::nullopt);
  Output<std::vector<Document>> documents_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
