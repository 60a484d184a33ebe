#include "berth/transformers_zero_shot_text_router.h"

#include <algorithm>
#include <stdexcept>

#include "component/encoder_head.h"
#include "component/typed_input.h"
#include "component/zero_shot.h"

namespace berth {
namespace {

TransformersZeroShotTextRouterParameters with_zero_shot_defaults(TransformersZeroShotTextRouterParameters given) {
  given.huggingface_pipeline_kwargs =
      resolved_pipeline_kwargs(given.huggingface_pipeline_kwargs.value_or(Value::Object{}), given.model,
                               "zero-shot-classification", given.device, given.log);
  given.device.reset();
  return given;
}

}  // namespace

TransformersZeroShotTextRouter::TransformersZeroShotTextRouter(Parameters given)
    : EncoderComponent(type_name, with_zero_shot_defaults(std::move(given))) {
  const auto& labels = parameters().labels;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto first = static_cast<std::size_t>(std::ranges::find(labels, labels[i]) - labels.begin());
    labels_.push_back(first < i ? labels_[first] : output<std::string>(labels[i]));
  }
}

std::optional<std::string> TransformersZeroShotTextRouter::known_problem() const {
  if (parameters().labels.empty()) return "TransformersZeroShotTextRouter needs labels";
  return EncoderComponent::known_problem();
}

void TransformersZeroShotTextRouter::warm_up(const CallContext& context) {
  if (parameters().labels.empty()) throw std::invalid_argument("TransformersZeroShotTextRouter needs labels");
  check_head(encoder(context), EncoderTask::sequence_classification, "TransformersZeroShotTextRouter");
}

Value::Object TransformersZeroShotTextRouter::init_parameters() const {
  auto parameters = EncoderComponent::init_parameters();
  parameters.erase("model");
  parameters.erase("device");
  if (type() == type_name) parameters.erase("multi_label");
  return parameters;
}

void TransformersZeroShotTextRouter::run(Run& run) {
  const auto& own = parameters();
  const auto text = text_input(run, text_, "TransformersZeroShotTextRouter expects a str as input.");
  const auto scores = zero_shot_scores(this->encoder(run.context()), std::span(&text, 1), own.labels, own.multi_label,
                                       *own.huggingface_pipeline_kwargs, run.context());
  std::size_t best = 0;  // of equal ones the last, as in transformers
  for (std::size_t i = 1; i < labels_.size(); ++i)
    if (scores.front()[i] >= scores.front()[best]) best = i;
  run.set(labels_[best], text);
}

}  // namespace berth
