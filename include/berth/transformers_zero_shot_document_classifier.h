/// TransformersZeroShotDocumentClassifier: labels for documents, by a model of entailment on this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/document.h"
#include "berth/pipeline_encoder.h"

namespace berth {

struct TransformersZeroShotDocumentClassifierParameters {
  std::string model = {};                ///< must be given; see locate_encoder() in berth/model.h
  std::vector<std::string> labels = {};  ///< must be given
  bool multi_label = false;              ///< each label is judged by itself, not against the others
  std::optional<std::string> classification_field =
      {};                                      ///< the entry of `meta` that is classified; absent: the content
  std::optional<ComponentDevice> device = {};  ///< absent: the best of this machine
  std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);
  /// `model`, `device` and `device_map` in it win; `torch_dtype` and `hypothesis_template` count.
  std::optional<Value::Object> huggingface_pipeline_kwargs = {};

  LogCallback log = {};  ///< Berth's own: warnings. Not serialized.

  LocalEncoderParameters encoder() const { return pipeline_encoder(*huggingface_pipeline_kwargs, token, log); }

  static auto fields() {
    using P = TransformersZeroShotDocumentClassifierParameters;
    return std::tuple(field("model", &P::model), required_field("labels", &P::labels),
                      field("multi_label", &P::multi_label), field("classification_field", &P::classification_field),
                      field("device", &P::device), field("token", &P::token),
                      field("huggingface_pipeline_kwargs", &P::huggingface_pipeline_kwargs));
  }
};

/// Haystack's component of that name. The meta of each document gets `classification`: the best `label`, its `score`, and
/// `details`, the scores of all labels, the best first.
class TransformersZeroShotDocumentClassifier final
    : public EncoderComponent<TransformersZeroShotDocumentClassifierParameters> {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.classifiers.zero_shot_document_classifier.TransformersZeroShotDocumentClassifier";

  /// Loads nothing. Throws std::invalid_argument without a model.
  explicit TransformersZeroShotDocumentClassifier(Parameters parameters);

  /// Throws std::invalid_argument for no labels and for a model that is no classifier, too.
  void warm_up(const CallContext& context = {}) override;
  /// Throws std::invalid_argument for documents without the field, or whose field is no text.
  void run(Run& run) override;
  std::optional<std::string> known_problem() const override;
  Value::Object init_parameters() const override;

 private:
  Input<std::vector<Document>> documents_ = input<std::vector<Document>>("documents");
  Input<std::int64_t> batch_size_ = input<std::int64_t>("batch_size", 1);
  Output<std::vector<Document>> classified_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
