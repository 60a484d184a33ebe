/// Serialized forms that hands write, and those of Haystack 3: loaded and written as Haystack does.
#include <gmock/gmock.h>

#include <string>

#include "berth/component.h"
#include "berth/document_cleaner.h"
#include "berth/transformers_similarity_ranker.h"
#include "refusal.h"

namespace berth::serialized_forms {
namespace {

using testing::HasSubstr;

std::unique_ptr<Component> made(const std::string& type, const std::string& parameters) {
  return component_from_dict(Value::Object{{"type", type}, {"init_parameters", Value::from_json(parameters)}});
}

std::string refusal_of(const std::string& type, const std::string& parameters) {
  return test::refusal([&] { made(type, parameters); });
}

/// A parameter as it is written, or "absent".
std::string written(const Component& component, const std::string& name) {
  const auto dict = component.to_dict();
  const Value* value = dict.find("init_parameters")->find(name);
  return value == nullptr ? "absent" : value->to_json();
}
std::string written(const std::string& type, const std::string& parameters, const std::string& name) {
  return written(*made(type, parameters), name);
}

const std::string ranker = "haystack.components.rankers.transformers_similarity.TransformersSimilarityRanker";
const std::string embedder =
    "haystack.components.embedders.sentence_transformers_text_embedder.SentenceTransformersTextEmbedder";
const std::string text_router = "haystack.components.routers.transformers_text_router.TransformersTextRouter";
const std::string zero_shot = "haystack.components.routers.zero_shot_text_router.TransformersZeroShotTextRouter";
const std::string adapter = "haystack.components.converters.output_adapter.OutputAdapter";
const std::string reader = "haystack.components.readers.extractive.ExtractiveReader";
const std::string cleaner = "haystack.components.preprocessors.document_cleaner.DocumentCleaner";
const std::string splitter = "haystack.components.preprocessors.document_splitter.DocumentSplitter";
const std::string cpu = R"("device": {"type": "single", "device": "cpu"})";

TEST(SerializedForms, KeepIntegersWhereAFloatIsHeld) {
  EXPECT_EQ(written(ranker, R"({"score_threshold": 1})", "score_threshold"), "1");
  EXPECT_EQ(written(ranker, R"({"score_threshold": 1.0})", "score_threshold"), "1.0");
  EXPECT_EQ(written(ranker, R"({"calibration_factor": -2})", "calibration_factor"), "-2");
  EXPECT_EQ(written(ranker, R"({"top_k": 3})", "top_k"), "3");
  EXPECT_EQ(written(TransformersSimilarityRanker({.score_threshold = 1}), "score_threshold"), "1.0");
}

TEST(SerializedForms, KeepNullWhereHaystackHasAFactor) {
  EXPECT_EQ(written(reader, R"({"calibration_factor": null})", "calibration_factor"), "null");
  EXPECT_EQ(written(reader, "{}", "calibration_factor"), "0.1");
}

TEST(SerializedForms, KeepTokensThatAreNone) {
  for (const std::string token : {"{}", R"("abc")", "1", "[]", R"({"type": "vault"})", R"({"env_vars": ["A"]})"}) {
    const auto component = made(embedder, R"({"token": )" + token + ", " + cpu + "}");
    EXPECT_EQ(written(*component, "token"), token);
    EXPECT_THAT(component->known_problem().value_or(""), HasSubstr("'token' has a form that is not known"));
  }
  EXPECT_EQ(written(embedder, R"({"token": null, )" + cpu + "}", "token"), "null");
  EXPECT_THAT(refusal_of(embedder, R"({"token": {"type": "a.b.C"}})"),
              HasSubstr("Failed to deserialize 'token': Could not import class 'a.b.C'"));
  // Haystack's class around a pipeline of transformers asks its token when it is made.
  EXPECT_THAT(refusal_of(text_router, R"({"model": "m", "labels": ["a"], "token": {"type": "vault"}})"),
              HasSubstr("Unknown secret type 'vault'"));
}

TEST(SerializedForms, MissWhatMustBeGiven) {
  EXPECT_THAT(refusal_of(adapter, R"({"output_type": "str"})"), HasSubstr("the parameter 'template' must be given"));
  EXPECT_EQ(written(adapter, R"({"template": "", "output_type": "str"})", "template"), R"("")");
  EXPECT_THAT(refusal_of("haystack.components.routers.conditional_router.ConditionalRouter", "{}"),
              HasSubstr("the parameter 'routes' must be given"));
  EXPECT_THAT(refusal_of(zero_shot, R"({"model": "m"})"), HasSubstr("the parameter 'labels' must be given"));
  EXPECT_EQ(made(zero_shot, R"({"labels": [], )" + cpu + "}")->known_problem(),
            "TransformersZeroShotTextRouter needs labels");
}

TEST(SerializedForms, MayNameAVariableTwice) {
  const auto prompt = made("haystack.components.builders.prompt_builder.PromptBuilder",
                           R"({"template": "{{ a }}", "variables": ["a", "b", "a"]})");
  EXPECT_EQ(prompt->inputs().size(), 4U);  // with template and template_variables
  EXPECT_EQ(written(*prompt, "variables"), R"(["a", "b", "a"])");
  EXPECT_EQ(run_component(*prompt, {{"a", "x"}}).at("prompt"), Value("x"));
}

TEST(SerializedForms, TellTheEntityExtractorFirst) {
  const std::string extractor = "haystack.components.extractors.named_entity_extractor.NamedEntityExtractor";
  EXPECT_THAT(refusal_of(extractor, R"({"backend": "HUGGING_FACE", "model": "m", "pipeline_kwargs": 1})"),
              HasSubstr("Couldn't deserialize NamedEntityExtractor instance: parameter 'pipeline_kwargs'"));
}

TEST(FormsOfHaystack3, KeepTheirParametersWhereTheyAreGiven) {
  EXPECT_EQ(written(cleaner, "{}", "min_content_length"), "absent");
  EXPECT_EQ(written(cleaner, R"({"min_content_length": 0})", "min_content_length"), "0");
  EXPECT_EQ(written(DocumentCleaner({.min_content_length = 2}), "min_content_length"), "2");
  EXPECT_EQ(written(splitter, "{}", "tokenizer_encoding"), "absent");
  EXPECT_EQ(written(splitter, R"({"tokenizer_encoding": "o200k_base"})", "tokenizer_encoding"), R"("o200k_base")");
  for (const std::string kind : {"text", "document"}) {
    const auto name = kind == "text" ? "Text" : "Document";
    const auto in_2 = "haystack.components.embedders.sentence_transformers_" + kind + "_embedder.SentenceTransformers" +
                      name + "Embedder";
    const auto in_3 = "haystack_integrations.components.embedders.sentence_transformers.sentence_transformers_" + kind +
                      "_embedder.SentenceTransformers" + name + "Embedder";
    EXPECT_EQ(written(in_2, "{" + cpu + "}", "quantization_ranges"), "absent");
    EXPECT_EQ(written(in_3, "{" + cpu + "}", "quantization_ranges"), "null");
    EXPECT_EQ(written(in_3, R"({"quantization_ranges": [[0, 0.5], [1, 2]], )" + cpu + "}", "quantization_ranges"),
              "[[0.0, 0.5], [1.0, 2.0]]");
  }
}

TEST(FormsOfHaystack3, DropDocumentsThatAreTooShort) {
  const auto component = made(cleaner, R"({"min_content_length": 3, "remove_extra_whitespaces": false})");
  const auto outputs =
      run_component(*component, {{"documents", Value::Array{Document({.content = " \xC3\xBC\xC3\xBC "}),
                                                            Document({.content = "\xC3\xBC\xC3\xBC\xC3\xBC"})}}});
  const auto kept = from_value<std::vector<Document>>(outputs.at("documents"));
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].content, "\xC3\xBC\xC3\xBC\xC3\xBC");
  EXPECT_THAT(refusal_of(cleaner, R"({"min_content_length": -1})"),
              HasSubstr("min_content_length must be greater than or equal to 0."));
}

TEST(FormsOfHaystack3, AreRefusedAtWarmUpForTheTokensOfTiktoken) {
  const auto component = made(splitter, R"({"split_by": "token"})");
  EXPECT_THAT(test::refusal([&] { component->warm_up(); }), HasSubstr("the tokens of tiktoken are not there yet"));
}

}  // namespace
}  // namespace berth::serialized_forms
