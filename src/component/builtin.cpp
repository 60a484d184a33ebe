#include "component/builtin.h"

#include <fmt/format.h>

#include <stdexcept>

#include "berth/answer_builder.h"
#include "berth/azure_openai_chat_generator.h"
#include "berth/azure_openai_generator.h"
#include "berth/chat_prompt_builder.h"
#include "berth/conditional_router.h"
#include "berth/document_cleaner.h"
#include "berth/document_joiner.h"
#include "berth/document_splitter.h"
#include "berth/document_writer.h"
#include "berth/extractive_reader.h"
#include "berth/file_type_router.h"
#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
#include "berth/in_memory_bm25_retriever.h"
#include "berth/in_memory_embedding_retriever.h"
#include "berth/local_whisper_transcriber.h"
#include "berth/named_entity_extractor.h"
#include "berth/openai_chat_generator.h"
#include "berth/openai_generator.h"
#include "berth/output_adapter.h"
#include "berth/prompt_builder.h"
#include "berth/sas_evaluator.h"
#include "berth/sentence_transformers_diversity_ranker.h"
#include "berth/sentence_transformers_document_embedder.h"
#include "berth/sentence_transformers_document_image_embedder.h"
#include "berth/sentence_transformers_similarity_ranker.h"
#include "berth/sentence_transformers_sparse_document_embedder.h"
#include "berth/sentence_transformers_sparse_text_embedder.h"
#include "berth/sentence_transformers_text_embedder.h"
#include "berth/text_file_to_document.h"
#include "berth/transformers_similarity_ranker.h"
#include "berth/transformers_text_router.h"
#include "berth/transformers_zero_shot_document_classifier.h"
#include "berth/transformers_zero_shot_text_router.h"
#include "dataclasses/serialization.h"
#include "text/printable.h"

namespace berth {
namespace {

/// One that cannot be made without parameters.
template <class C>
ComponentClass with_example(typename C::Parameters parameters) {
  auto component = component_class_of<C>();
  component.example = [parameters = std::move(parameters)] { return std::make_unique<C>(parameters); };
  return component;
}

/// Whether Haystack takes the serialized form for an object, and else keeps it as it is.
bool is_unknown_form(const Value& value, std::string_view name) {
  const auto* type = value.find("type");
  const bool is_known = name == "token" ? type != nullptr && *type == Value("env_var") : is_serialized_device(value);
  if (value.is_null() || is_known) return false;
  if (type != nullptr && type->is_string() && type->as_string().find('.') != std::string::npos)
    throw std::invalid_argument(
        fmt::format("Failed to deserialize '{}': Could not import class {}", name, in_quotes(type->as_string())));
  return true;
}

/// One with an encoder; its example, of `parameters`, looks for no device. `kept`: parameters whose form need not be known
/// to make one: Haystack's pipelines of transformers ask their token at once.
template <class C>
ComponentClass with_encoder(std::vector<std::string> kept = {"token"}, typename C::Parameters parameters = {}) {
  parameters.device = ComponentDevice(Device::cpu());
  auto component = with_example<C>(std::move(parameters));
  component.create = [kept = std::move(kept)](const Value::Object& given) {
    auto known = given;
    Value::Object unknown;
    for (const auto& name : kept)
      if (const auto* value = given.find(name); value != nullptr && is_unknown_form(*value, name)) {
        unknown.set(name, *value);
        known.erase(name);
      }
    auto made = std::make_unique<C>(from_init_parameters<typename C::Parameters>(known));
    made->keep(std::move(unknown));
    return made;
  };
  return component;
}

/// One whose model runs elsewhere.
template <class C>
ComponentClass remote(typename C::Parameters example) {
  auto component = with_example<C>(std::move(example));
  component.remote = true;
  component.create = [create = std::move(component.create)](const Value::Object& given) {
    if (given.contains("device"))
      throw WrongParameter("device", "there is no parameter 'device': the model runs on machines of the service");
    return create(given);
  };
  return component;
}

ComponentClass without_engine(ComponentClass component) {
  component.has_engine = false;
  return component;
}

ComponentClass entity_extractor() {
  using Extractor = NamedEntityExtractor;
  auto component = with_example<Extractor>({.model = "model", .device = ComponentDevice(Device::cpu())});
  component.create_as = [](std::string_view type, const Value::Object& given) {
    return Extractor::from_dict(Value::Object{{"type", type}, {"init_parameters", given}});
  };
  return component;
}

ComponentClass local_chat_generator() {
  using Generator = HuggingFaceLocalChatGenerator;
  auto component = with_example<Generator>({.task = "text-generation", .device = ComponentDevice(Device::cpu())});
  component.aliases = {std::string(Generator::transformers_type_name)};
  component.create_as = [](std::string_view type, const Value::Object& given) {
    return Generator::from_dict(Value::Object{{"type", type}, {"init_parameters", given}});
  };
  return component;
}

}  // namespace

std::vector<ComponentClass> builtin_components() {
  const auto key = Secret::from_token("none");
  const std::vector<std::string> labels = {"label"};
  const auto store = std::make_shared<InMemoryDocumentStore>();
  return {
      component_class_of<AnswerBuilder>(),
      remote<AzureOpenAIChatGenerator>({.azure_endpoint = "https://localhost", .api_key = key, .azure_ad_token = {}}),
      remote<AzureOpenAIGenerator>({.azure_endpoint = "https://localhost", .api_key = key, .azure_ad_token = {}}),
      component_class_of<ChatPromptBuilder>(),
      with_example<ConditionalRouter>({.routes = {}}),
      component_class_of<DocumentCleaner>(),
      component_class_of<DocumentJoiner>(),
      component_class_of<DocumentSplitter>(),
      with_example<DocumentWriter>({.document_store = store}),
      with_encoder<ExtractiveReader>(),
      with_example<FileTypeRouter>({.mime_types = {"text/plain"}}),
      local_chat_generator(),
      with_example<HuggingFaceLocalGenerator>({.task = "text-generation", .device = ComponentDevice(Device::cpu())}),
      with_example<InMemoryBM25Retriever>({.document_store = store}),
      with_example<InMemoryEmbeddingRetriever>({.document_store = store}),
      remote<OpenAIChatGenerator>({.api_key = key}),
      remote<OpenAIGenerator>({.api_key = key}),
      entity_extractor(),
      with_example<OutputAdapter>({.adapter_template = "", .output_type = "str"}),
      with_example<PromptBuilder>({.prompt_template = ""}),
      without_engine(with_example<LocalWhisperTranscriber>({.device = ComponentDevice(Device::cpu())})),
      with_encoder<SASEvaluator>({"device", "token"}),
      with_encoder<SentenceTransformersDiversityRanker>(),
      with_encoder<SentenceTransformersDocumentEmbedder>(),
      without_engine(with_encoder<SentenceTransformersDocumentImageEmbedder>()),
      with_encoder<SentenceTransformersSimilarityRanker>(),
      with_encoder<SentenceTransformersSparseDocumentEmbedder>(),
      with_encoder<SentenceTransformersSparseTextEmbedder>(),
      with_encoder<SentenceTransformersTextEmbedder>(),
      with_encoder<TransformersSimilarityRanker>(),
      component_class_of<TextFileToDocument>(),
      with_encoder<TransformersTextRouter>({}, {.model = "model", .labels = labels}),
      with_encoder<TransformersZeroShotDocumentClassifier>({}, {.model = "model", .labels = labels}),
      with_encoder<TransformersZeroShotTextRouter>({}, {.labels = labels}),
  };
}

}  // namespace berth
