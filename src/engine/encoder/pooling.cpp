#include <algorithm>
#include <cmath>

#include "engine/encoder/sentence_modules.h"

namespace berth::encoder {
namespace {

constexpr float no_weight = 1e-9F;  // sentence-transformers' least sum of weights
constexpr float no_state = -1e9F;   // what a masked token counts as in a maximum

using Weights1d = std::vector<float>;  // of the tokens

Weights1d token_weights(std::size_t tokens, std::size_t from, bool rising) {
  Weights1d weights(tokens, 0.0F);
  for (std::size_t i = from; i < tokens; ++i) weights[i] = rising ? static_cast<float>(i + 1) : 1.0F;
  return weights;
}

/// The sum of the states with their weights, in double: the order of additions does not show.
std::vector<float> weighted_sum(std::span<const float> states, const Weights1d& weights, bool root) {
  const auto width = states.size() / weights.size();
  std::vector<double> sum(width);
  double total = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    total += weights[i];
    if (weights[i] == 0) continue;
    for (std::size_t j = 0; j < width; ++j) sum[j] += static_cast<double>(weights[i]) * states[i * width + j];
  }
  const auto divisor = std::max<double>(total, no_weight);
  std::vector<float> result(width);
  for (std::size_t j = 0; j < width; ++j)
    result[j] = static_cast<float>(sum[j] / (root ? std::sqrt(divisor) : divisor));
  return result;
}

std::vector<float> largest(std::span<const float> states, std::size_t tokens, std::size_t from) {
  const auto width = states.size() / tokens;
  std::vector<float> result(width, from > 0 ? no_state : states.front());
  for (std::size_t j = 0; j < width; ++j) {
    auto most = from > 0 ? no_state : states[j];
    for (std::size_t i = from; i < tokens; ++i) most = std::max(most, states[i * width + j]);
    result[j] = most;
  }
  return result;
}

}  // namespace

std::vector<float> pooled(const Pooling& pooling, std::span<const float> states, std::size_t tokens,
                          std::size_t prompt_tokens) {
  const auto width = states.size() / tokens;
  const auto from = pooling.include_prompt ? 0 : std::min(prompt_tokens, tokens);
  std::vector<float> result;
  const auto append = [&](const std::vector<float>& part) { result.insert(result.end(), part.begin(), part.end()); };
  if (pooling.cls) result.insert(result.end(), states.begin(), states.begin() + static_cast<std::ptrdiff_t>(width));
  if (pooling.max) append(largest(states, tokens, from));
  if (pooling.mean) append(weighted_sum(states, token_weights(tokens, from, false), false));
  if (pooling.mean_sqrt_len) append(weighted_sum(states, token_weights(tokens, from, false), true));
  if (pooling.weighted_mean) append(weighted_sum(states, token_weights(tokens, from, true), false));
  if (pooling.last_token) {
    const auto last = states.last(width);
    if (from < tokens)
      result.insert(result.end(), last.begin(), last.end());
    else
      result.resize(result.size() + width);
  }
  return result;
}

std::vector<float> pooled(const SpladePooling& pooling, std::span<const float> logits, std::size_t tokens) {
  const auto width = logits.size() / tokens;
  const auto weight = [&](float logit) {
    const auto once = std::log1p(std::max(logit, 0.0F));
    return pooling.second_log1p ? std::log1p(once) : once;
  };
  std::vector<float> result(width);
  if (!pooling.sums) {
    // The function rises, so that it need not be computed for each token.
    for (std::size_t i = 0; i < tokens; ++i)
      for (std::size_t j = 0; j < width; ++j) result[j] = std::max(result[j], logits[i * width + j]);
    for (auto& each : result) each = weight(each);
    return result;
  }
  for (std::size_t i = 0; i < tokens; ++i)
    for (std::size_t j = 0; j < width; ++j) result[j] += weight(logits[i * width + j]);
  return result;
}

}  // namespace berth::encoder
