#include "berth/transformers_text_router.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "berth/model.h"
#include "component/encoder_head.h"
#include "component/typed_input.h"
#include "model/is_gguf.h"
#include "model/named_file.h"
#include "text/printable.h"
#include "value/python_text.h"

namespace berth {
namespace {

constexpr std::uint64_t most_config_bytes = 64 << 20;
constexpr std::int64_t default_labels = 2;  // transformers' own
constexpr std::int64_t most_unnamed_labels = 1000;

/// The labels of a model in the order of its config.json, without loading it.
std::vector<std::string> labels_of_model(const std::string& model, const Value::Object& kwargs) {
  const Value* revision = kwargs.find("revision");
  const auto path = locate_encoder(model, ModelSearch::from_environment(),
                                   revision == nullptr || !revision->is_string() ? "" : revision->as_string());
  if (model::is_gguf(path))
    throw std::invalid_argument(fmt::format(
        "{} is a GGUF file, whose labels are not known before it is loaded: give TransformersTextRouter the labels",
        in_quotes(path.string())));
  const auto file = path / "config.json";
  const auto config = model::read_json(file, most_config_bytes);
  std::vector<std::string> labels;
  if (const Value* numbers = config.find("label2id"); numbers != nullptr && numbers->is_object()) {
    for (const auto& [label, number] : numbers->as_object()) labels.push_back(label);
  } else if (const Value* names = config.find("id2label"); names != nullptr && names->is_object()) {
    for (const auto& [number, label] : names->as_object())
      if (label.is_string()) labels.push_back(label.as_string());
  }
  if (!labels.empty()) return labels;
  const Value* given = config.find("num_labels");
  const auto count = given != nullptr && given->is_int() ? given->as_int() : default_labels;
  for (std::int64_t i = 0; i < std::clamp<std::int64_t>(count, 1, most_unnamed_labels); ++i)
    labels.push_back(fmt::format("LABEL_{}", i));
  return labels;
}

TransformersTextRouterParameters with_text_router_defaults(TransformersTextRouterParameters given) {
  given.huggingface_pipeline_kwargs =
      resolved_pipeline_kwargs(given.huggingface_pipeline_kwargs.value_or(Value::Object{}), given.model,
                               "text-classification", given.device, given.log);
  given.model = given.huggingface_pipeline_kwargs->at("model").as_string();
  if (given.model.empty()) throw std::invalid_argument("TransformersTextRouter needs a model");
  if (!given.labels) given.labels = labels_of_model(given.model, *given.huggingface_pipeline_kwargs);
  given.device.reset();
  return given;
}

/// Throws std::invalid_argument where the model has others than `labels`.
void check_labels(const TextEncoder& encoder, const std::vector<std::string>& labels) {
  check_head(encoder, EncoderTask::sequence_classification, "TransformersTextRouter");
  auto own = encoder.info().labels;
  if (const auto& numbers = encoder.info().label2id; !numbers.empty()) {  // what Haystack asks
    own.clear();
    for (const auto& [label, number] : numbers) own.push_back(label);
  }
  if (std::set(own.begin(), own.end()) == std::set(labels.begin(), labels.end())) return;
  throw std::invalid_argument(
      fmt::format("The provided labels do not match the labels in the model configuration file. Provided labels: {}. "
                  "Model labels: {}",
                  printable(python_repr(to_value(labels)), 2000), printable(python_repr(to_value(own)), 2000)));
}

/// To how many tokens a text is cut: the pipeline cuts only where its arguments say so, by "max_length" alone too.
std::size_t most_tokens(const TextEncoder& encoder, const Value::Object& kwargs) {
  const auto given = [&](std::string_view name) {
    const Value* value = kwargs.find(name);
    return value == nullptr || value->is_null() ? std::nullopt : std::optional(*value);
  };
  const auto truncation = given("truncation");
  const auto length = given("max_length");
  const bool cuts =
      truncation ? *truncation != Value(false) && *truncation != Value("do_not_truncate") : length.has_value();
  if (!cuts) return encoder.info().max_sequence_tokens;
  return length ? from_value<std::size_t>(*length) : encoder.tokenizer_max_tokens();
}

}  // namespace

TransformersTextRouter::TransformersTextRouter(Parameters given)
    : EncoderComponent(type_name, with_text_router_defaults(std::move(given))) {
  for (const auto& label : *parameters().labels)
    if (std::ranges::find(labels_, label, [](const auto& each) { return each.first; }) == labels_.end())
      labels_.emplace_back(label, output<std::string>(label));
}

void TransformersTextRouter::warm_up(const CallContext& context) {
  check_labels(encoder(context), *parameters().labels);
}

Value::Object TransformersTextRouter::init_parameters() const {
  auto parameters = EncoderComponent::init_parameters();
  parameters.erase("device");
  return parameters;
}

void TransformersTextRouter::run(Run& run) {
  const auto encoder = this->encoder(run.context());
  check_labels(encoder, *parameters().labels);
  const std::vector<EncodeInput> inputs = {
      {text_input(run, text_, "TransformersTextRouter expects a str as input."), {}}};
  const auto most = most_tokens(encoder, *parameters().huggingface_pipeline_kwargs);
  const auto logits = encoder.classify(inputs, most, {.stop = run.stop(), .log = run.log()}).values;
  const auto best = std::ranges::max_element(logits) - logits.begin();
  const auto& label = encoder.info().labels[static_cast<std::size_t>(best)];
  const auto found = std::ranges::find(labels_, label, [](const auto& each) { return each.first; });
  if (found == labels_.end())
    throw std::invalid_argument(fmt::format(
        "TransformersTextRouter: the model's id2label has the label {}, which its label2id and the labels lack",
        in_quotes(label)));
  run.set(found->second, inputs.front().text);
}

}  // namespace berth
