#include "berth/transformers_zero_shot_document_classifier.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "component/encoder_head.h"
#include "component/typed_input.h"
#include "component/zero_shot.h"
#include "text/printable.h"

namespace berth {
namespace {

TransformersZeroShotDocumentClassifierParameters with_classifier_defaults(
    TransformersZeroShotDocumentClassifierParameters given) {
  given.huggingface_pipeline_kwargs =
      resolved_pipeline_kwargs(given.huggingface_pipeline_kwargs.value_or(Value::Object{}), given.model,
                               "zero-shot-classification", given.device, given.log);
  given.model = given.huggingface_pipeline_kwargs->at("model").as_string();
  if (given.model.empty()) throw std::invalid_argument("TransformersZeroShotDocumentClassifier needs a model");
  given.device.reset();
  return given;
}

constexpr std::string_view no_documents_to_classify =
    "TransformerZeroShotDocumentClassifier expects a list of documents as input. "
    "In case you want to classify and route a text, please use the TransformersZeroShotTextRouter.";

/// What is classified of each document.
std::vector<std::string> texts_of(const std::vector<Document>& documents, const std::optional<std::string>& field) {
  std::vector<std::string> texts;
  std::vector<std::string> without;
  for (const auto& document : documents) {
    const Value* entry = field ? document.meta.find(*field) : nullptr;
    if (field && entry == nullptr) {
      without.push_back(printable(document.id));
    } else if (field ? !entry->is_string() : !document.content) {
      throw std::invalid_argument(fmt::format("TransformersZeroShotDocumentClassifier: {} of document {} is no text",
                                              field ? in_quotes(*field) : "the content", printable(document.id)));
    } else {
      texts.push_back(field ? entry->as_string() : *document.content);
    }
  }
  if (!without.empty())
    throw std::invalid_argument(fmt::format("The following documents do not have the classification field {}: {}",
                                            in_quotes(*field), fmt::join(without, ", ")));
  return texts;
}

Value classification_of(const LabelScores& scores, const std::vector<std::string>& labels) {
  std::vector<std::size_t> order(labels.size());
  std::iota(order.rbegin(), order.rend(), 0U);  // of equal scores the last label comes first, as in transformers
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) { return scores[i]; });
  Value::Object details;
  for (const auto i : order) details.set(labels[i], static_cast<double>(scores[i]));
  return Value::Object{{"label", labels[order.front()]},
                       {"score", static_cast<double>(scores[order.front()])},
                       {"details", std::move(details)}};
}

}  // namespace

TransformersZeroShotDocumentClassifier::TransformersZeroShotDocumentClassifier(Parameters given)
    : EncoderComponent(type_name, with_classifier_defaults(std::move(given))) {}

std::optional<std::string> TransformersZeroShotDocumentClassifier::known_problem() const {
  if (parameters().labels.empty()) return "TransformersZeroShotDocumentClassifier needs labels";
  return EncoderComponent::known_problem();
}

void TransformersZeroShotDocumentClassifier::warm_up(const CallContext& context) {
  if (parameters().labels.empty()) throw std::invalid_argument("TransformersZeroShotDocumentClassifier needs labels");
  check_head(encoder(context), EncoderTask::sequence_classification, "TransformersZeroShotDocumentClassifier");
}

Value::Object TransformersZeroShotDocumentClassifier::init_parameters() const {
  auto parameters = EncoderComponent::init_parameters();
  parameters.erase("device");
  return parameters;
}

void TransformersZeroShotDocumentClassifier::run(Run& run) {
  const auto& own = parameters();
  auto documents = documents_input(run, documents_, no_documents_to_classify);
  const auto scores = zero_shot_scores(this->encoder(run.context()), texts_of(documents, own.classification_field),
                                       own.labels, own.multi_label, *own.huggingface_pipeline_kwargs, run.context());
  for (std::size_t i = 0; i < documents.size(); ++i)
    documents[i].meta.set("classification", classification_of(scores[i], own.labels));
  run.set(classified_, std::move(documents));
}

}  // namespace berth
