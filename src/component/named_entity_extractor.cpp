#include "berth/named_entity_extractor.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "component/encoder_head.h"
#include "component/entities.h"
#include "text/lower_case.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr const char* entities_key = "named_entities";
constexpr std::array<std::string_view, 2> entity_backends = {"HUGGING_FACE", "SPACY"};

NamedEntityExtractorParameters with_extractor_defaults(NamedEntityExtractorParameters given) {
  if (given.model.empty()) throw std::invalid_argument("NamedEntityExtractor needs a model");
  auto kwargs = given.pipeline_kwargs.value_or(Value::Object{});
  if (!given.device) given.device = default_encoder_device();
  if (given.backend == NamedEntityExtractorBackend::hugging_face)
    kwargs = resolved_pipeline_kwargs(std::move(kwargs), given.model, "ner", given.device, given.log);
  else if (given.device->has_multiple_devices())
    throw std::invalid_argument("spaCy backend for named entity extractor only supports inference on single devices");
  given.pipeline_kwargs = std::move(kwargs);
  return given;
}

std::string could_not_deserialize(std::string_view type, std::string_view why) {
  return fmt::format("Couldn't deserialize {} instance: {}", printable(type.substr(type.rfind('.') + 1)), why);
}

/// Of the pipeline's arguments.
std::vector<std::string> ignored_labels(const Value::Object& kwargs) {
  const Value* given = kwargs.find("ignore_labels");
  return given == nullptr || given->is_null() ? std::vector<std::string>{"O"}
                                              : from_value<std::vector<std::string>>(*given);
}

std::optional<std::size_t> stride_of(const Value::Object& kwargs) {
  const Value* given = kwargs.find("stride");
  if (given == nullptr || given->is_null()) return std::nullopt;
  return from_value<std::size_t>(*given);
}

}  // namespace

Value NamedEntityAnnotation::to_dict() const {
  return Value::Object{{"entity", entity}, {"start", start}, {"end", end}, {"score", to_value(score)}};
}

NamedEntityAnnotation NamedEntityAnnotation::from_dict(const Value& dict) {
  NamedEntityAnnotation made;
  for (const auto& [name, value] : dict.as_object()) {
    if (name == "entity")
      made.entity = value.as_string();
    else if (name == "start")
      made.start = value.as_int();
    else if (name == "end")
      made.end = value.as_int();
    else if (name == "score")
      made.score = from_value<std::optional<double>>(value);
    else
      throw std::invalid_argument(fmt::format("A NamedEntityAnnotation has no {}", in_quotes(name)));
  }
  return made;
}

Value ValueTraits<NamedEntityExtractorBackend>::to_value(NamedEntityExtractorBackend backend) {
  return entity_backends.at(static_cast<std::size_t>(backend));
}

NamedEntityExtractorBackend ValueTraits<NamedEntityExtractorBackend>::from_value(const Value& value) {
  for (std::size_t i = 0; i < entity_backends.size(); ++i)
    if (value.as_string() == entity_backends[i] || value.as_string() == lower_case(entity_backends[i]))
      return static_cast<NamedEntityExtractorBackend>(i);
  throw std::invalid_argument(
      fmt::format("Invalid backend {} for named entity extractor. Supported backends are: "
                  "['hugging_face', 'spacy']",
                  in_quotes(value.as_string())));
}

NamedEntityExtractor::NamedEntityExtractor(Parameters given)
    : EncoderComponent(type_name, with_extractor_defaults(std::move(given))) {}

std::unique_ptr<NamedEntityExtractor> NamedEntityExtractor::from_dict(const Value& data) {
  const auto& type = data.find("type")->as_string();
  try {
    const auto& given = data.find("init_parameters")->as_object();
    if (type == type_name && !given.contains("backend")) throw std::invalid_argument("'backend' is missing");
    if (type != type_name && given.contains("backend"))
      throw WrongParameter("backend", "there is no parameter 'backend'");
    return std::make_unique<NamedEntityExtractor>(from_init_parameters<Parameters>(given));
  } catch (const WrongParameter& problem) {
    throw WrongParameter(problem.parameter(), could_not_deserialize(type, problem.what()));
  } catch (const std::invalid_argument& problem) {
    throw std::invalid_argument(could_not_deserialize(type, problem.what()));
  }
}

std::optional<std::string> NamedEntityExtractor::known_problem() const {
  if (parameters().backend == NamedEntityExtractorBackend::spacy)
    return "NamedEntityExtractor: the spaCy backend cannot run here: choose backend 'hugging_face' and a model of "
           "Hugging "
           "Face for token classification";
  return EncoderComponent::known_problem();
}

std::optional<ComponentDevice> NamedEntityExtractor::device() const {
  return parameters().backend == NamedEntityExtractorBackend::spacy ? parameters().device : EncoderComponent::device();
}

void NamedEntityExtractor::warm_up(const CallContext& context) {
  if (const auto problem = known_problem(); problem && parameters().backend == NamedEntityExtractorBackend::spacy)
    throw std::invalid_argument(*problem);
  check_head(encoder(context), EncoderTask::token_classification, "NamedEntityExtractor");
}

Value::Object NamedEntityExtractor::init_parameters() const {
  auto parameters = EncoderComponent::init_parameters();
  if (type() != type_name) parameters.erase("backend");
  return parameters;
}

std::optional<std::vector<NamedEntityAnnotation>> NamedEntityExtractor::stored_annotations(const Document& document) {
  const Value* stored = document.meta.find(entities_key);
  if (stored == nullptr) return std::nullopt;
  return from_value<std::vector<NamedEntityAnnotation>>(*stored);
}

void NamedEntityExtractor::run(Run& run) {
  warm_up(run.context());
  const auto encoder = this->encoder(run.context());
  const auto& kwargs = *parameters().pipeline_kwargs;
  const auto stride = stride_of(kwargs);
  const auto ignored = ignored_labels(kwargs);
  const auto& labels = encoder.info().labels;
  auto documents = run.get(documents_);
  TextEncodeRequest request{
      .outputs = {EncoderOutput::logits},
      .truncation = Truncation{.max_length = encoder.tokenizer_max_tokens(), .stride = stride.value_or(0)},
      .overflow = stride.has_value()};
  for (const auto& document : documents) request.inputs.push_back({document.content.value_or(""), {}});
  const auto texts = encoder.encode(request, {.stop = run.stop(), .log = run.log()});

  std::vector<std::vector<NamedEntityAnnotation>> entities(documents.size());
  std::vector<std::size_t> pieces(documents.size());
  for (std::size_t i = 0; i < texts.encodings.size(); ++i) {
    const auto& piece = texts.encodings[i];
    const auto logits = std::span(texts.result.logits.values)
                            .subspan(labels.size() * texts.result.first_token[i], labels.size() * piece.size());
    for (auto& each : entities_of(piece, logits, labels, ignored))
      entities[texts.input_of[i]].push_back(std::move(each));
    ++pieces[texts.input_of[i]];
  }
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if (pieces[i] > 1) entities[i] = without_shorter_ones(std::move(entities[i]));
    documents[i].meta.set(entities_key, to_value(std::move(entities[i])));
  }
  run.set(annotated_, std::move(documents));
}

}  // namespace berth
