/// Models that read two texts at once and say how they fit together, as rankers and evaluators ask them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "berth/call_context.h"
#include "berth/document.h"
#include "berth/text_encoder.h"

namespace berth {

/// The logit of each pair. Throws std::invalid_argument where the model has not exactly one label, Cancelled, and as
/// TextEncoder::classify().
std::vector<float> pair_scores(const TextEncoder& encoder, std::span<const EncodeInput> pairs,
                               std::optional<std::size_t> max_tokens, const CallContext& context);

float sigmoid(float x);

/// The documents by their scores, the best first; those that are equal keep their order. At most `top_k`, none below the
/// threshold.
std::vector<Document> ranked(std::vector<Document> documents, const std::vector<float>& scores,
                             std::optional<double> threshold, std::size_t top_k);

/// Throws std::invalid_argument "top_k must be > 0, but got 0".
void check_top_k(std::int64_t top_k);

}  // namespace berth
