/// TransformersTextRouter: a text to the label that a text classifier on this machine gives it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "berth/pipeline_encoder.h"

namespace berth {

struct TransformersTextRouterParameters {
  std::string model = {};                               ///< must be given; see locate_encoder() in berth/model.h
  std::optional<std::vector<std::string>> labels = {};  ///< absent: those of the model, which must be here then
  std::optional<ComponentDevice> device = {};           ///< absent: the best of this machine
  std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);
  /// `model`, `device` and `device_map` in it win; `torch_dtype` counts.
  std::optional<Value::Object> huggingface_pipeline_kwargs = {};

  LogCallback log = {};  ///< Berth's own: warnings. Not serialized.

  LocalEncoderParameters encoder() const { return pipeline_encoder(*huggingface_pipeline_kwargs, token, log); }

  static auto fields() {
    using P = TransformersTextRouterParameters;
    return std::tuple(field("model", &P::model), field("labels", &P::labels), field("device", &P::device),
                      field("token", &P::token), field("huggingface_pipeline_kwargs", &P::huggingface_pipeline_kwargs));
  }
};

/// Haystack's component of that name. Each label is an output, and the text goes to the one with the best logit.
class TransformersTextRouter final : public EncoderComponent<TransformersTextRouterParameters> {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.routers.transformers_text_router.TransformersTextRouter";

  /// Loads nothing, but reads the labels of the model where none are given. Throws std::invalid_argument without a model,
  /// ModelNotFound and FormatError.
  explicit TransformersTextRouter(Parameters parameters);

  /// Throws std::invalid_argument for a model that is no classifier or has other labels, too.
  void warm_up(const CallContext& context = {}) override;
  void run(Run& run) override;
  Value::Object init_parameters() const override;

 private:
  Input<std::string> text_ = input<std::string>("text");
  std::vector<std::pair<std::string, Output<std::string>>> labels_;
};

}  // namespace berth
