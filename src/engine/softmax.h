/// Probabilities of a whole vocabulary, up to a factor.
#pragma once

#include <span>

namespace berth {

/// e^((score - largest) / temperature) for each of `scores` into `weights`, which is as long; their sum is the answer.
/// `largest` is finite and no score is above it. Within 3e-7 of the exact value; 0 below e^-87.
double softmax_weights(std::span<const float> scores, float largest, double temperature, std::span<float> weights);

}  // namespace berth
