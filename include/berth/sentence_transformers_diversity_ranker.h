/// SentenceTransformersDiversityRanker: documents in an order that tells much early, by a model on this machine.
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

struct SentenceTransformersDiversityRankerParameters {
  std::string model = "sentence-transformers/all-MiniLM-L6-v2";  ///< see locate_encoder() in berth/model.h
  std::int64_t top_k = 10;                                       ///< documents that are given at most
  std::optional<ComponentDevice> device = {};                    ///< absent: the best of this machine
  std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);
  std::string similarity = "cosine";  ///< or dot_product
  std::string query_prefix = "";
  std::string query_suffix = "";
  std::string document_prefix = "";
  std::string document_suffix = "";
  std::optional<std::vector<std::string>> meta_fields_to_embed =
      {};                                           ///< entries of `meta` that stand before the content
  std::string embedding_separator = "\n";           ///< between them
  std::string strategy = "greedy_diversity_order";  ///< or maximum_margin_relevance
  double lambda_threshold = 0.5;                    ///< 1: nearness to the query alone, 0: difference from others alone
  std::optional<Value::Object> model_kwargs = {};   ///< `device_map` wins over `device`; `torch_dtype`
  std::optional<Value::Object> tokenizer_kwargs = {};  ///< `model_max_length`, `truncation_side`, ...
  std::optional<Value::Object> config_kwargs = {};     ///< in place of entries of config.json
  std::string backend = "torch";                       ///< or onnx, openvino: Berth computes each the same way

  LogCallback log = {};  ///< Berth's own: warnings. Not serialized.

  static auto fields() {
    using P = SentenceTransformersDiversityRankerParameters;
    return std::tuple(field("model", &P::model), field("top_k", &P::top_k), field("device", &P::device),
                      field("token", &P::token), field("similarity", &P::similarity),
                      field("query_prefix", &P::query_prefix), field("query_suffix", &P::query_suffix),
                      field("document_prefix", &P::document_prefix), field("document_suffix", &P::document_suffix),
                      field("meta_fields_to_embed", &P::meta_fields_to_embed),
                      field("embedding_separator", &P::embedding_separator), field("strategy", &P::strategy),
                      field("lambda_threshold", &P::lambda_threshold), field("model_kwargs", &P::model_kwargs),
                      field("tokenizer_kwargs", &P::tokenizer_kwargs), field("config_kwargs", &P::config_kwargs),
                      field("backend", &P::backend));
  }
};

/// Haystack's component of that name.
class SentenceTransformersDiversityRanker final
    : public EncoderComponent<SentenceTransformersDiversityRankerParameters> {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.rankers.sentence_transformers_diversity.SentenceTransformersDiversityRanker";

  /// Loads nothing. Throws std::invalid_argument where top_k is not above 0, and for a similarity, a strategy or a threshold that there is not.
  explicit SentenceTransformersDiversityRanker(Parameters parameters = {});

  void run(Run& run) override;

 private:
  Input<std::string> query_ = input<std::string>("query");
  Input<std::vector<Document>> given_ = input<std::vector<Document>>("documents");
  Input<std::optional<std::int64_t>> top_k_ = input<std::optional<std::int64_t>>("top_k", std::nullopt);
  Input<std::optional<double>> lambda_threshold_ = input<std::optional<double>>("lambda_threshold", std::nullopt);
  Output<std::vector<Document>> documents_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
