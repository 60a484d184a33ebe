/// SASEvaluator: how near in meaning answers are to those that were expected, by a model on this machine.
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

struct SASEvaluatorParameters {
  std::string model =
      "sentence-transformers/paraphrase-multilingual-mpnet-base-v2";  ///< see locate_encoder() in berth/model.h
  std::int64_t batch_size = 32;                ///< written down; texts are computed as fits the device
  std::optional<ComponentDevice> device = {};  ///< absent: the best of this machine
  std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);

  LogCallback log = {};  ///< Berth's own: warnings. Not serialized.

  static auto fields() {
    using P = SASEvaluatorParameters;
    return std::tuple(field("model", &P::model), field("batch_size", &P::batch_size), field("device", &P::device),
                      field("token", &P::token));
  }
};

/// Haystack's component of that name: a classifier of pairs is asked for each pair, another model for the cosine of embeddings.
class SASEvaluator final : public EncoderComponent<SASEvaluatorParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.evaluators.sas_evaluator.SASEvaluator";

  /// Loads nothing.
  explicit SASEvaluator(Parameters parameters = {});

  void run(Run& run) override;

 private:
  Input<std::vector<std::string>> expected_ = input<std::vector<std::string>>("ground_truth_answers");
  Input<std::vector<std::string>> predicted_ = input<std::vector<std::string>>("predicted_answers");
  Output<double> score_ = output<double>("score");
  /// Lists of numbers where the model has several labels, as in Haystack.
  Output<Value> scores_ = output("individual_scores", type_of<std::vector<double>>());
};

}  // namespace berth
