/// Components with encoders against what Haystack's gave with the models of the corpus.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <iostream>

#include "berth/component.h"
#include "berth/document.h"
#include "corpus/haystack_corpus.h"
#include "encoder_cases.h"

namespace berth::corpus {
namespace {

std::filesystem::path component_models() { return corpus_folder() / "models"; }

std::unique_ptr<Component> made_with(std::string_view name, const std::string& model, const Value& init) {
  for (const auto* each : component_classes()) {
    if (!each->type.ends_with("." + std::string(name))) continue;
    auto parameters = init.as_object();
    parameters.set("model", (component_models() / model).string());
    if (name != "TransformersSimilarityRanker") parameters.set("device", ComponentDevice(Device::cpu()).to_dict());
    return each->create(parameters);
  }
  throw std::runtime_error("there is no component " + std::string(name));
}

void expect_numbers(const Value& expected, const Value& found) {
  const auto wanted = test::flat(expected);
  const auto given = test::flat(found);
  ASSERT_EQ(given.size(), wanted.size());
  for (std::size_t i = 0; i < given.size(); ++i)
    EXPECT_NEAR(given[i], wanted[i], test::encoder_tolerance * std::max(1.0, std::abs(wanted[i]))) << "number " << i;
}

/// Documents of the file, with their place as their id.
Value documents_of(const Value& file) {
  Value::Array documents;
  for (const auto& each : file.find("documents")->as_array()) {
    const auto* meta = each.find("meta");
    Document document({.id = std::to_string(documents.size()),
                       .content = from_value<std::optional<std::string>>(*each.find("content")),
                       .meta = meta == nullptr ? Value::Object{} : meta->as_object()});
    documents.push_back(to_value(std::move(document)));
  }
  return documents;
}

std::vector<Document> documents_from(const Value::Object& outputs) {
  return from_value<std::vector<Document>>(outputs.at("documents"));
}

void check_text_embedder(const std::string& model, const Value& each) {
  const auto embedder = made_with("SentenceTransformersTextEmbedder", model, *each.find("init"));
  const auto& texts = each.find("texts")->as_array();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    SCOPED_TRACE(i);
    expect_numbers(each.find("embeddings")->as_array()[i],
                   run_component(*embedder, {{"text", texts[i]}}).at("embedding"));
  }
}

void check_document_embedder(const std::string& model, const Value& each, const Value& documents) {
  const auto embedder = made_with("SentenceTransformersDocumentEmbedder", model, *each.find("init"));
  const auto embedded = documents_from(run_component(*embedder, {{"documents", documents}}));
  const auto& expected = each.find("embeddings")->as_array();
  ASSERT_EQ(embedded.size(), expected.size());
  for (std::size_t i = 0; i < embedded.size(); ++i) expect_numbers(expected[i], to_value(embedded[i].embedding));
}

void check_diversity_ranker(const std::string& model, const Value& each, const Value& documents) {
  const auto ranker = made_with("SentenceTransformersDiversityRanker", model, *each.find("init"));
  Value::Array order;
  for (const auto& document :
       documents_from(run_component(*ranker, {{"query", *each.find("query")}, {"documents", documents}})))
    order.push_back(std::stoi(document.id));
  EXPECT_EQ(Value(order), *each.find("order")) << each.find("query")->to_json();
}

void check_ranker(const std::string& model, const Value& each, const Value& documents) {
  const auto ranker = made_with(each.find("component")->as_string(), model, *each.find("init"));
  Value::Object inputs = {{"query", *each.find("query")}, {"documents", documents}};
  if (const auto* run = each.find("run"))
    for (const auto& [name, value] : run->as_object()) inputs.set(name, value);
  const auto ranked = documents_from(run_component(*ranker, inputs));
  const auto& expected = each.find("ranked")->as_array();
  ASSERT_EQ(ranked.size(), expected.size());
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    EXPECT_EQ(std::stoi(ranked[i].id), expected[i].find("document")->as_int()) << "place " << i;
    expect_numbers(*expected[i].find("score"), *ranked[i].score);
  }
}

void check_evaluator(const std::string& model, const Value& each) {
  const auto evaluator = made_with("SASEvaluator", model, Value::Object{});
  const auto result = run_component(*evaluator, {{"ground_truth_answers", *each.find("ground_truth_answers")},
                                                 {"predicted_answers", *each.find("predicted_answers")}});
  expect_numbers(*each.find("score"), result.at("score"));
  expect_numbers(*each.find("individual_scores"), result.at("individual_scores"));
}

/// Calls `check(model, case, file)` for each case under `name` in the files of expectations.
template <class Check>
void for_each_model_case(const std::string& name, Check check) {
  std::size_t count = 0;
  for (const auto& model : test::encoder_cases(component_models())) {
    const auto file = test::read_json_file(component_models() / (model + ".expected.json"));
    const auto* cases = file.find(name);
    if (cases == nullptr) continue;
    const auto list = cases->is_array() ? cases->as_array() : Value::Array{*cases};
    for (const auto& each : list) {
      const auto* init = each.find("init");
      SCOPED_TRACE(model + ": " + name + " " + (init == nullptr ? "" : init->to_json()));
      ++count;
      try {
        check(model, each, file);
      } catch (const std::exception& problem) {
        ADD_FAILURE() << "an exception: " << problem.what();
      }
    }
  }
  if (count == 0) GTEST_SKIP() << "the corpus has no " << name;
  std::cout << count << " cases\n";
}

TEST(EncoderComponentsCorpus, EmbedTexts) {
  for_each_model_case("text_embedder",
                      [](const auto& model, const Value& each, const Value&) { check_text_embedder(model, each); });
}

TEST(EncoderComponentsCorpus, EmbedDocuments) {
  for_each_model_case("document_embedder", [](const auto& model, const Value& each, const Value& file) {
    check_document_embedder(model, each, documents_of(file));
  });
}

TEST(EncoderComponentsCorpus, RankByDiversity) {
  for_each_model_case("diversity_ranker", [](const auto& model, const Value& each, const Value& file) {
    check_diversity_ranker(model, each, documents_of(file));
  });
}

TEST(EncoderComponentsCorpus, RankBySimilarity) {
  for_each_model_case("rankers", [](const auto& model, const Value& each, const Value& file) {
    check_ranker(model, each, documents_of(file));
  });
}

TEST(EncoderComponentsCorpus, EvaluateAnswers) {
  for_each_model_case("SASEvaluator",
                      [](const auto& model, const Value& each, const Value&) { check_evaluator(model, each); });
}

}  // namespace
}  // namespace berth::corpus
