/// What readers, extractors and classifiers refuse, and their names of Haystack 3.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "berth/error.h"
#include "berth/extractive_reader.h"
#include "berth/named_entity_extractor.h"
#include "berth/transformers_text_router.h"
#include "berth/transformers_zero_shot_document_classifier.h"
#include "berth/transformers_zero_shot_text_router.h"
#include "encoder_cases.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using test::refusal;
using testing::HasSubstr;

const ComponentDevice reader_cpu = Device::cpu();

std::string tiny(const std::string& name) { return BERTH_TEST_DATA_DIR "/encoders/" + name; }

Value parameters_under(const std::string& type, const Value::Object& given) {
  const auto component = component_from_dict(Value::Object{{"type", type}, {"init_parameters", given}});
  EXPECT_EQ(component->type(), type);
  return *component->to_dict().find("init_parameters");
}

TEST(EncoderReaders, RefuseModelsWithAnotherHead) {
  ExtractiveReader reader({.model = tiny("bert_nli"), .device = reader_cpu});
  EXPECT_THAT(refusal([&] { reader.warm_up(); }), HasSubstr("ExtractiveReader needs a model for question_answering: '" +
                                                            tiny("bert_nli") + "' is BertForSequenceClassification"));
  NamedEntityExtractor extractor({.model = tiny("bert_qa"), .device = reader_cpu});
  EXPECT_THAT(refusal([&] { extractor.warm_up(); }), HasSubstr("needs a model for token_classification"));
  TransformersZeroShotTextRouter router({.labels = {"a"}, .model = tiny("bert_ner"), .device = reader_cpu});
  EXPECT_THAT(refusal([&] { router.warm_up(); }), HasSubstr("needs a model for sequence_classification"));
}

TEST(EncoderReaders, NeedAFactorToScoreAnswers) {
  ExtractiveReader reader({.model = tiny("bert_qa"), .device = reader_cpu, .calibration_factor = std::nullopt});
  EXPECT_THAT(refusal([&] {
                run_component(reader, {{"query", "x"}, {"documents", Value::Array{}}});
              }),
              HasSubstr("calibration_factor is null"));
}

TEST(EncoderReaders, RefuseLabelsAndTemplatesThatDoNotFit) {
  TransformersTextRouter router(
      {.model = tiny("bert_nli"), .labels = std::vector<std::string>{"en", "de"}, .device = reader_cpu});
  EXPECT_THAT(refusal([&] { router.warm_up(); }),
              HasSubstr("The provided labels do not match the labels in the model configuration file. Provided labels: "
                        "['en', 'de']. Model labels: ['contradiction', 'entailment', 'neutral']"));
  EXPECT_THAT(refusal([] { TransformersZeroShotTextRouter({.labels = {}, .device = reader_cpu}).warm_up(); }),
              HasSubstr("needs labels"));
  EXPECT_THAT(refusal([] { TransformersZeroShotDocumentClassifier({.labels = {"a"}, .device = reader_cpu}); }),
              HasSubstr("needs a model"));
  for (const char* source : {"no label", "{} and {}", "{name}"}) {
    TransformersZeroShotTextRouter zero_shot(
        {.labels = {"a"},
         .model = tiny("bert_nli"),
         .device = reader_cpu,
         .huggingface_pipeline_kwargs = Value::Object{{"hypothesis_template", source}}});
    EXPECT_THAT(refusal([&] { run_component(zero_shot, {{"text", "x"}}); }), HasSubstr("hypothesis_template"));
  }
}

TEST(EncoderReaders, FormatTheHypothesisAsPythonDoes) {
  const auto scores_with = [](const char* source) {
    TransformersZeroShotDocumentClassifier classifier(
        {.model = tiny("bert_nli"),
         .labels = {"ship", "crane"},
         .device = reader_cpu,
         .huggingface_pipeline_kwargs = Value::Object{{"hypothesis_template", source}}});
    const Value::Array documents = {Document({.id = "1", .content = "two red ships"})};
    return run_component(classifier, {{"documents", documents}}).at("documents").to_json();
  };
  EXPECT_EQ(scores_with("{0} and {0:>6}"), scores_with("{0} and   {0}")) << "blanks do not count";
  EXPECT_NE(scores_with("{0} and {0}"), scores_with("{}"));
}

/// A copy of a model of three labels whose configuration is changed.
std::string with_labels(const test::TemporaryFolder& folder, const Value& id2label, const Value& label2id) {
  std::filesystem::copy(tiny("bert_nli"), folder.path(), std::filesystem::copy_options::recursive);
  auto config = test::read_json_file(folder.path() / "config.json");
  config.as_object().set("id2label", id2label);
  config.as_object().set("label2id", label2id);
  std::ofstream(folder.path() / "config.json") << config.to_json();
  return folder.path().string();
}

TEST(EncoderReaders, TakeTheNumbersOfLabelsFromLabel2idAsTransformersDoes) {
  const test::TemporaryFolder by_label;
  const test::TemporaryFolder by_number;
  const Value letters = Value::Object{{"0", "x"}, {"1", "y"}, {"2", "z"}};
  const Value second = Value::Object{{"0", "x"}, {"1", "entailment"}, {"2", "z"}};
  const auto scores_of = [](const std::string& model) {
    TransformersZeroShotDocumentClassifier classifier(
        {.model = model, .labels = {"ship", "crane"}, .device = reader_cpu});
    const Value::Array documents = {Document({.id = "1", .content = "two red ships"})};
    return run_component(classifier, {{"documents", documents}}).at("documents").to_json();
  };
  EXPECT_EQ(scores_of(with_labels(by_label, letters, Value::Object{{"entailment", 1}, {"z", 2}})),
            scores_of(with_labels(by_number, second, nullptr)));
  TransformersTextRouter router({.model = by_label.path().string(), .device = reader_cpu});
  router.warm_up();

  const test::TemporaryFolder of_texts;
  EXPECT_EQ(scores_of(with_labels(of_texts, letters, Value::Object{{"x", nullptr}, {"entailment", "1"}, {"z", "2"}})),
            scores_of(by_label.path().string()));
  TransformersTextRouter of_its_labels({.model = of_texts.path().string(), .device = reader_cpu});
  of_its_labels.warm_up();
}

TEST(EncoderReaders, RefuseAnEmptyTextForZeroShotAsTransformersDoes) {
  TransformersZeroShotTextRouter router({.labels = {"a", "b"}, .model = tiny("bert_nli"), .device = reader_cpu});
  EXPECT_EQ(refusal([&] {
              run_component(router, {{"text", ""}});
            }),
            "You must include at least one label and at least one sequence.");
  TransformersZeroShotDocumentClassifier classifier(
      {.model = tiny("bert_nli"),
       .labels = {"a"},
       .device = reader_cpu,
       .huggingface_pipeline_kwargs = Value::Object{{"hypothesis_template", "no label"}}});
  EXPECT_TRUE(run_component(classifier, {{"documents", Value::Array{}}}).at("documents").as_array().empty());
}

/// Nothing tells the labels apart: transformers takes the last.
TEST(EncoderReaders, TakeTheLastOfEqualLabelsAndSendEachNameToOneOutput) {
  TransformersZeroShotTextRouter router({.labels = {"ship", "ship"}, .model = tiny("bert_nli"), .device = reader_cpu});
  EXPECT_EQ(run_component(router, {{"text", "two"}}).at("ship"), Value("two"));
  TransformersZeroShotTextRouter with_one_class(
      {.labels = {"ship", "crane"}, .multi_label = true, .model = tiny("modernbert_ranker"), .device = reader_cpu});
  EXPECT_EQ(run_component(with_one_class, {{"text", "two"}}).at("crane"), Value("two"));
}

TEST(TextRouter, KeepsTheBudgetsOfAStrategyInThePipelinesArguments) {
  const auto router_with = [](Value::Object kwargs) {
    return TransformersTextRouter({.model = tiny("bert_nli"), .huggingface_pipeline_kwargs = std::move(kwargs)});
  };
  auto small = router_with({{"device_map", "balanced"}, {"max_memory", Value::Object{{"cpu", "10KiB"}}}});
  EXPECT_THAT(refusal<ModelDoesNotFit>([&] { small.warm_up(); }), HasSubstr("does not fit"));
  auto large = router_with({{"device_map", "balanced"}, {"max_memory", Value::Object{{"cpu", "4GiB"}}}});
  large.warm_up();
  EXPECT_TRUE(large.load_use().empty());
  auto automatic = router_with({{"device", "auto"}});
  EXPECT_EQ(automatic.device(), router_with({}).device());
}

TEST(EncoderReaders, RouteTheWholeTextUnlessTheArgumentsCutIt) {
  TransformersTextRouter plain({.model = tiny("bert_nli"), .device = reader_cpu});
  TransformersTextRouter cutting({.model = tiny("bert_nli"),
                                  .device = reader_cpu,
                                  .huggingface_pipeline_kwargs = Value::Object{{"max_length", 4}}});
  for (const std::string start : {"two red", "rain in", "berlin paris", "cat dog"}) {
    const auto label = run_component(plain, {{"text", start}}).begin()->first;
    EXPECT_EQ(run_component(cutting, {{"text", start + " ships load cranes, what?"}}).begin()->first, label);
  }
}

TEST(EncoderReaders, CutNothingWhereAHypothesisLeavesTheTextNoRoom) {
  TransformersZeroShotTextRouter router(
      {.labels = {"ship", "crane"},
       .model = tiny("bert_nli"),
       .device = reader_cpu,
       .huggingface_pipeline_kwargs =
           Value::Object{{"hypothesis_template",
                          "the the the the the the the the the the the the the the the the the the the the "
                          "the the the the the the the the the the the the the the the the the the {}"}}});
  EXPECT_EQ(run_component(router, {{"text", "two red ships"}}).size(), 1U);
}

TEST(EncoderReaders, RefuseDocumentsWithoutTheTextThatIsClassified) {
  TransformersZeroShotDocumentClassifier classifier(
      {.model = tiny("bert_nli"), .labels = {"a", "b"}, .classification_field = "topic", .device = reader_cpu});
  const auto refused = [&](Value::Object meta) {
    const Value::Array list = {Document({.id = "1", .content = "x", .meta = std::move(meta)})};
    return refusal([&] { run_component(classifier, {{"documents", list}}); });
  };
  EXPECT_EQ(refused({}), "The following documents do not have the classification field 'topic': 1");
  EXPECT_THAT(refused({{"topic", 1}}), HasSubstr("'topic' of document 1 is no text"));
}

TEST(EncoderReaders, AreWrittenAsTheirVersionOfHaystackWritesThem) {
  const Value::Object reader = {{"model", "m"}, {"model_kwargs", Value::Object{{"device_map", "cpu"}}}};
  EXPECT_EQ(parameters_under(std::string(ExtractiveReader::type_name), reader).find("overlap_threshold"), nullptr);
  const auto* threshold = parameters_under(
                              "haystack_integrations.components.readers.transformers.extractive_reader."
                              "TransformersExtractiveReader",
                              reader)
                              .find("overlap_threshold");
  ASSERT_NE(threshold, nullptr);

  const Value::Object router = {{"labels", Value::Array{"a"}},
                                {"multi_label", true},
                                {"huggingface_pipeline_kwargs", Value::Object{{"model", "m"}, {"device", "cpu"}}}};
  EXPECT_EQ(parameters_under(std::string(TransformersZeroShotTextRouter::type_name), router).find("multi_label"),
            nullptr);
  const auto in_3 = parameters_under(
      "haystack_integrations.components.routers.transformers.zero_shot_text_router.TransformersZeroShotTextRouter",
      router);
  ASSERT_NE(in_3.find("multi_label"), nullptr);
  EXPECT_TRUE(in_3.find("multi_label")->as_bool());

  const std::string extractor =
      "haystack_integrations.components.extractors.transformers.named_entity_extractor."
      "TransformersNamedEntityExtractor";
  const Value cpu = Value::Object{{"type", "single"}, {"device", "cpu"}};
  EXPECT_EQ(parameters_under(extractor, {{"model", "m"}, {"device", cpu}}).find("backend"), nullptr);
  EXPECT_THAT(refusal([&] {
                parameters_under(extractor, {{"model", "m"}, {"device", cpu}, {"backend", "HUGGING_FACE"}});
              }),
              HasSubstr("there is no parameter 'backend'"));
}

TEST(NamedEntityExtractor, TellsTheNamesThatADocumentHasGot) {
  EXPECT_FALSE(NamedEntityExtractor::stored_annotations(Document({.content = "x"})));
  const NamedEntityAnnotation name{"PER", 0, 5, 0.5};
  const Document document({.content = "Clara", .meta = {{"named_entities", Value::Array{name.to_dict()}}}});
  EXPECT_EQ(NamedEntityExtractor::stored_annotations(document), std::vector{name});
}

}  // namespace
}  // namespace berth
