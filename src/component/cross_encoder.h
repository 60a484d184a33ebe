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

/// Throws std::invalid_argument where the model does not classify texts by exactly one label.
void check_ranker(const TextEncoder& encoder);

/// The logit of each pair. Throws as check_ranker() and TextEncoder::classify(), and Cancelled.
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
