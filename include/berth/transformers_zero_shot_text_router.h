/// TransformersZeroShotTextRouter: a text to the label that suits it best, by a model of entailment on this machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "berth/pipeline_encoder.h"

namespace berth {

struct TransformersZeroShotTextRouterParameters {
  std::vector<std::string> labels = {};  ///< must be given
  bool multi_label = false;              ///< each label is judged by itself, not against the others
  std::string model = "MoritzLaurer/deberta-v3-base-zeroshot-v1.1-all-33";  ///< see locate_encoder() in berth/model.h
  std::optional<ComponentDevice> device = {};                               ///< absent: the best of this machine
  std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);
  /// `model`, `device` and `device_map` in it win; `torch_dtype` and `hypothesis_template` count.
  std::optional<Value::Object> huggingface_pipeline_kwargs = {};

  LogCallback log = {};  ///< Berth's own: warnings. Not serialized.

  LocalEncoderParameters encoder() const { return pipeline_encoder(*huggingface_pipeline_kwargs, token, log); }

  static auto fields() {
    using P = TransformersZeroShotTextRouterParameters;
    return std::tuple(required_field("labels", &P::labels), field("multi_label", &P::multi_label),
                      field("model", &P::model), field("device", &P::device), field("token", &P::token),
                      field("huggingface_pipeline_kwargs", &P::huggingface_pipeline_kwargs));
  }
};

/// Haystack's component of that name. Each label is an output, and the text goes to the one with the best score. As there, the
/// serialized form of version 2 has the model in `huggingface_pipeline_kwargs` alone and leaves out `multi_label`.
class TransformersZeroShotTextRouter final : public EncoderComponent<TransformersZeroShotTextRouterParameters> {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.routers.zero_shot_text_router.TransformersZeroShotTextRouter";

  /// Loads nothing.
  explicit TransformersZeroShotTextRouter(Parameters parameters);

  /// Throws std::invalid_argument for no labels and for a model that is no classifier, too.
  void warm_up(const CallContext& context = {}) override;
  void run(Run& run) override;
  std::optional<std::string> known_problem() const override;
  Value::Object init_parameters() const override;

 private:
  Input<std::string> text_ = input<std::string>("text");
  std::vector<Output<std::string>> labels_;
};

}  // namespace berth
