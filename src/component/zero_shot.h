/// Zero-shot classification: does a text entail "This example is LABEL."?
#pragma once

#include <span>
#include <string>
#include <vector>

#include "berth/call_context.h"
#include "berth/text_encoder.h"
#include "berth/value.h"

namespace berth {

/// The scores of labels, in their order.
using LabelScores = std::vector<float>;

/// The scores of each text, as the pipeline zero-shot-classification of transformers computes them: a softmax over the
/// entailment of all labels, or with `multi_label` or one label alone of entailment against contradiction for each.
/// `kwargs` are those of the pipeline, of which `hypothesis_template` counts. Throws std::invalid_argument for no labels, a
/// template without {}, a model that is no classifier, and where a label leaves no room for a text; Cancelled.
std::vector<LabelScores> zero_shot_scores(const TextEncoder& encoder, std::span<const std::string> texts,
                                          const std::vector<std::string>& labels, bool multi_label,
                                          const Value::Object& kwargs, const CallContext& context);

}  // namespace berth
