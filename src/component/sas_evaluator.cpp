#include "berth/sas_evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "berth/error.h"
#include "component/cross_encoder.h"
#include "model/named_file.h"

namespace berth {
namespace {

constexpr std::uint64_t most_evaluator_config_bytes = 16 << 20;

float same(float x) { return x; }
float positive(float x) { return std::max(x, 0.0F); }
float hyperbolic_tangent(float x) { return std::tanh(x); }

/// What CrossEncoder.predict() makes of a logit, by config.json.
float (*prediction_of(const TextEncoder& encoder))(float) {
  const auto file = encoder.info().transformer / "config.json";
  const auto config = model::read_json(file, most_evaluator_config_bytes);
  const auto* newer = config.find("sentence_transformers");
  const auto* function = newer == nullptr || !newer->is_object() ? nullptr : newer->find("activation_fn");
  if (function == nullptr) function = config.find("sbert_ce_default_activation_function");
  if (function == nullptr || !function->is_string()) return sigmoid;
  const auto& name = function->as_string();
  if (!name.starts_with("torch.") || name.ends_with(".Sigmoid")) return sigmoid;
  if (name.ends_with(".Identity")) return same;
  if (name.ends_with(".Tanh")) return hyperbolic_tangent;
  if (name.ends_with(".ReLU")) return positive;
  throw FormatError(file, 0, "the activation '" + name + "'", "Sigmoid, Identity, Tanh or ReLU of torch.nn");
}

std::vector<double> scores_of_pairs(const TextEncoder& encoder, const std::vector<std::string>& predicted,
                                    const std::vector<std::string>& expected, const CallContext& context) {
  std::vector<EncodeInput> pairs;
  for (std::size_t i = 0; i < predicted.size(); ++i) pairs.push_back({predicted[i], expected[i]});
  auto scores = pair_scores(encoder, pairs, std::nullopt, context);
  std::ranges::transform(scores, scores.begin(), prediction_of(encoder));
  if (std::ranges::any_of(scores, [](float score) { return score > 1; }))
    std::ranges::transform(scores, scores.begin(), sigmoid);
  return {scores.begin(), scores.end()};
}

double cosine(std::span<const float> a, std::span<const float> b) {
  double product = 0;
  double of_a = 0;
  double of_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    product += static_cast<double>(a[i]) * b[i];
    of_a += static_cast<double>(a[i]) * a[i];
    of_b += static_cast<double>(b[i]) * b[i];
  }
  return product / (std::max(std::sqrt(of_a), 1e-12) * std::max(std::sqrt(of_b), 1e-12));
}

std::vector<double> scores_of_embeddings(const TextEncoder& encoder, const std::vector<std::string>& predicted,
                                         const std::vector<std::string>& expected, const CallContext& context) {
  const auto a = encoder.embed(predicted, {}, {.stop = context.stop, .log = context.log});
  const auto b = encoder.embed(expected, {}, {.stop = context.stop, .log = context.log});
  std::vector<double> scores;
  for (std::size_t i = 0; i < predicted.size(); ++i) scores.push_back(cosine(a.row(i), b.row(i)));
  return scores;
}

}  // namespace

SASEvaluator::SASEvaluator(Parameters given) : EncoderComponent(type_name, std::move(given)) {}

void SASEvaluator::run(Run& run) {
  const auto expected = run.get(expected_);
  const auto& given = run.value(predicted_);
  if (given.is_array() && std::ranges::any_of(given.as_array(), &Value::is_null))
    throw std::invalid_argument("Predicted answers must not contain None values.");
  const auto predicted = run.get(predicted_);
  if (expected.size() != predicted.size())
    throw std::invalid_argument("The number of predictions and labels must be the same.");
  if (predicted.empty()) {
    run.set(score_, 0.0);
    return run.set(scores_, {0.0});
  }
  const auto model = encoder(run.context());
  // Haystack asks `architectures`, which need not be there.
  const bool reads_pairs =
      model.info().task == EncoderTask::sequence_classification && !model.info().model_class.empty();
  const auto scores = (reads_pairs ? scores_of_pairs : scores_of_embeddings)(model, predicted, expected, run.context());
  run.set(score_, std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size()));
  run.set(scores_, scores);
}

}  // namespace berth
