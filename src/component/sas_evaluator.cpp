#include "berth/sas_evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "berth/error.h"
#include "component/cross_encoder.h"
#include "engine/torch_activation.h"
#include "model/named_file.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr std::uint64_t most_evaluator_config_bytes = 16 << 20;

const Value* config_entry(const Value& config, std::string_view name) {
  const auto* entry = config.is_object() ? config.find(name) : nullptr;
  return entry == nullptr || entry->is_null() ? nullptr : entry;
}

struct NamedActivation {
  std::filesystem::path file;
  Value name;
};

/// The activations that the files of a CrossEncoder name, the one that wins first.
std::vector<NamedActivation> named_activations(const EncoderInfo& info) {
  std::vector<NamedActivation> found;
  std::error_code error;
  const auto settings = info.path / "config_sentence_transformers.json";
  if (std::filesystem::exists(settings, error) && std::filesystem::exists(info.path / "modules.json", error)) {
    const auto values = model::read_json(settings, most_evaluator_config_bytes);
    const auto* type = config_entry(values, "model_type");
    const auto* name = config_entry(values, "activation_fn");
    if (type != nullptr && *type == Value("CrossEncoder") && name != nullptr) found.push_back({settings, *name});
  }
  const auto file = info.transformer / "config.json";
  const auto config = model::read_json(file, most_evaluator_config_bytes);
  const auto* newer = config_entry(config, "sentence_transformers");
  const bool is_newer = newer != nullptr && newer->is_object() && newer->find("activation_fn") != nullptr;
  if (const auto* name = is_newer ? config_entry(*newer, "activation_fn")
                                  : config_entry(config, "sbert_ce_default_activation_function"))
    found.push_back({file, *name});
  return found;
}

/// What CrossEncoder.predict() makes of the logits of a pair.
RowFunction prediction_of(const EncoderInfo& info, const LogCallback& log) {
  for (const auto& [file, name] : named_activations(info)) {
    const auto shown = name.is_string() ? in_quotes(name.as_string()) : printable(name.to_json());
    if (name.is_string() && !is_of_torch(name.as_string())) {
      if (log)
        log(LogLevel::warning, fmt::format("'{}' names the activation {}, which is none of torch and has no effect",
                                           file.string(), shown));
      continue;
    }
    if (const auto function = name.is_string() ? torch_activation(name.as_string()) : nullptr) return function;
    throw FormatError(file, 0, fmt::format("the activation {}", shown), known_torch_activations());
  }
  return torch_activation(info.labels.size() == 1 ? "torch.nn.Sigmoid" : "torch.nn.Identity");
}

/// Of each pair as many as the model has labels.
EncodedTensor scores_of_pairs(const TextEncoder& encoder, const std::vector<std::string>& predicted,
                              const std::vector<std::string>& expected, const CallContext& context) {
  std::vector<EncodeInput> pairs;
  for (std::size_t i = 0; i < predicted.size(); ++i) pairs.push_back({predicted[i], expected[i]});
  const auto activate = prediction_of(encoder.info(), context.log);
  auto scores = encoder.classify(pairs, std::nullopt, {.stop = context.stop, .log = context.log});
  for (std::size_t i = 0; i < scores.rows(); ++i)
    activate(std::span(scores.values).subspan(i * scores.width(), scores.width()));
  if (std::ranges::any_of(scores.values, [](float score) { return score > 1; }))
    std::ranges::transform(scores.values, scores.values.begin(), sigmoid);
  return scores;
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

EncodedTensor scores_of_embeddings(const TextEncoder& encoder, const std::vector<std::string>& predicted,
                                   const std::vector<std::string>& expected, const CallContext& context) {
  const auto a = encoder.embed(predicted, {}, {.stop = context.stop, .log = context.log});
  const auto b = encoder.embed(expected, {}, {.stop = context.stop, .log = context.log});
  EncodedTensor scores{.shape = {predicted.size(), 1}, .values = {}};
  for (std::size_t i = 0; i < predicted.size(); ++i)
    scores.values.push_back(static_cast<float>(cosine(a.row(i), b.row(i))));
  return scores;
}

/// A number for each pair, or a list of numbers where the model has several labels.
Value::Array by_pair(const EncodedTensor& scores) {
  Value::Array pairs;
  for (std::size_t i = 0; i < scores.rows(); ++i) {
    const auto row = scores.row(i);
    Value::Array numbers(row.begin(), row.end());
    pairs.push_back(row.size() == 1 ? std::move(numbers.front()) : Value(std::move(numbers)));
  }
  return pairs;
}

}  // namespace

SASEvaluator::SASEvaluator(Parameters given) : EncoderComponent(type_name, std::move(given)) {}

void SASEvaluator::run(Run& run) {
  const auto expected = run.get(expected_);
  if (const auto& given = run.value(predicted_); given.is_array()) {
    if (given.as_array().size() != expected.size())
      throw std::invalid_argument("The number of predictions and labels must be the same.");
    if (std::ranges::any_of(given.as_array(), &Value::is_null))
      throw std::invalid_argument("Predicted answers must not contain None values.");
  }
  const auto predicted = run.get(predicted_);
  if (predicted.empty()) {
    run.set(score_, 0.0);
    return run.set(scores_, Value::Array{0.0});
  }
  const auto model = encoder(run.context());
  // Haystack asks `architectures`, which need not be there.
  const bool reads_pairs =
      model.info().task == EncoderTask::sequence_classification && !model.info().model_class.empty();
  const auto scores = (reads_pairs ? scores_of_pairs : scores_of_embeddings)(model, predicted, expected, run.context());
  const auto sum = std::accumulate(scores.values.begin(), scores.values.end(), 0.0);
  run.set(score_, sum / static_cast<double>(scores.values.size()));
  run.set(scores_, by_pair(scores));
}

}  // namespace berth
