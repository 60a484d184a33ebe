/// Rankers and the evaluator with encoders, over tiny models.
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "berth/error.h"
#include "berth/sas_evaluator.h"
#include "berth/sentence_transformers_diversity_ranker.h"
#include "berth/sentence_transformers_similarity_ranker.h"
#include "berth/transformers_similarity_ranker.h"
#include "encoder_cases.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string ranking_model = BERTH_TEST_DATA_DIR "/encoders/modernbert_ranker";
const std::string labelling_model = BERTH_TEST_DATA_DIR "/encoders/bert_nli";
const std::string embedding_model = BERTH_TEST_DATA_DIR "/encoders/st_dense";
const ComponentDevice on_cpu{Device::cpu()};

std::vector<Document> ships() {
  return {Document({.content = "the ship is in paris"}), Document({.content = "rain"}),
          Document({.content = "where is the crane?", .meta = {{"city", "berlin"}}}),
          Document({.content = "rain", .score = 0.5})};  // the same id as the second
}

std::vector<Document> rank(Component& ranker, Value::Object others = {}) {
  others.set("query", "where is the ship?");
  if (!others.contains("documents")) others.set("documents", to_value(ships()));
  return from_value<std::vector<Document>>(run_component(ranker, others).at("documents"));
}

std::vector<double> scores_of(const std::vector<Document>& documents) {
  std::vector<double> scores;
  for (const auto& each : documents) scores.push_back(each.score.value());
  return scores;
}

template <class Ranker>
class SimilarityRankers : public testing::Test {};
using BothRankers = testing::Types<TransformersSimilarityRanker, SentenceTransformersSimilarityRanker>;
TYPED_TEST_SUITE(SimilarityRankers, BothRankers);

TYPED_TEST(SimilarityRankers, OrderDocumentsByTheirScores) {
  using Parameters = typename TypeParam::Parameters;
  TypeParam ranker(Parameters{.model = ranking_model, .device = on_cpu});
  const auto ranked = rank(ranker);
  ASSERT_THAT(ranked, SizeIs(3)) << "documents of one id count once";
  const auto scores = scores_of(ranked);
  EXPECT_TRUE(std::ranges::is_sorted(scores, std::greater()));
  for (const auto score : scores) EXPECT_TRUE(score > 0 && score < 1);
  EXPECT_EQ(rank(ranker, {{"top_k", 1}}), std::vector<Document>{ranked[0]});
  EXPECT_THAT(rank(ranker, {{"score_threshold", scores[1]}}), SizeIs(2));
  EXPECT_THAT(rank(ranker, {{"documents", Value::Array{}}}), IsEmpty());
  EXPECT_THAT(test::refusal([&] { rank(ranker, {{"top_k", -1}}); }), HasSubstr("top_k must be > 0, but got -1"));

  TypeParam plain(Parameters{.model = ranking_model, .device = on_cpu, .scale_score = false});
  const auto logits = scores_of(rank(plain));
  EXPECT_NEAR(scores[0], 1 / (1 + std::exp(-logits[0])), 1e-6);
}

TYPED_TEST(SimilarityRankers, SeePrefixesAndMeta) {
  using Parameters = typename TypeParam::Parameters;
  TypeParam plain(Parameters{.model = ranking_model, .device = on_cpu});
  TypeParam dressed(Parameters{.model = ranking_model,
                               .device = on_cpu,
                               .query_prefix = "query: ",
                               .document_prefix = "a ",
                               .meta_fields_to_embed = std::vector<std::string>{"city"},
                               .embedding_separator = ": "});
  const std::vector<Document> written = {Document({.content = "a berlin: where is the crane?"})};
  const std::vector<Document> bare = {Document({.content = "where is the crane?", .meta = {{"city", "berlin"}}})};
  const auto run = [](Component& ranker, const std::string& query, const std::vector<Document>& documents) {
    const auto result = run_component(ranker, {{"query", query}, {"documents", to_value(documents)}});
    return scores_of(from_value<std::vector<Document>>(result.at("documents")));
  };
  EXPECT_EQ(run(dressed, "ship", bare), run(plain, "query: ship", written));
}

TYPED_TEST(SimilarityRankers, RefuseAModelOfSeveralLabels) {
  TypeParam ranker(typename TypeParam::Parameters{.model = labelling_model, .device = on_cpu});
  EXPECT_THAT(test::refusal([&] { rank(ranker); }), HasSubstr("it has 3 labels"));
  TypeParam embedder(typename TypeParam::Parameters{.model = embedding_model, .device = on_cpu});
  EXPECT_THAT(test::refusal([&] { rank(embedder); }), HasSubstr("no classifier of texts"));
}

TYPED_TEST(SimilarityRankers, TellAtWarmUpWhichWeightTheHeadLacks) {
  const test::TemporaryFolder folder;
  std::filesystem::copy(embedding_model, folder.path(), std::filesystem::copy_options::recursive);
  auto config = test::read_json_file(folder.path() / "config.json");
  config.as_object().set("architectures", Value::Array{"BertForSequenceClassification"});
  std::ofstream(folder.path() / "config.json") << config.to_json();
  TypeParam ranker(typename TypeParam::Parameters{.model = folder.path().string(), .device = on_cpu});
  EXPECT_THAT(test::refusal([&] { ranker.warm_up(); }), HasSubstr("no tensor 'classifier.weight'"));
}

TEST(TransformersRanker, CalibratesAndKeepsItsDeviceInTheMap) {
  TransformersSimilarityRanker whole({.model = ranking_model, .device = on_cpu, .scale_score = false});
  TransformersSimilarityRanker half({.model = ranking_model, .device = on_cpu, .calibration_factor = 0.5});
  const auto logit = scores_of(rank(whole)).front();
  EXPECT_NEAR(scores_of(rank(half)).front(), 1 / (1 + std::exp(-logit / 2)), 1e-6);
  EXPECT_NEAR(scores_of(rank(half, {{"calibration_factor", 2.0}})).front(), 1 / (1 + std::exp(-logit * 2)), 1e-6);
  EXPECT_EQ(half.device(), on_cpu);
  EXPECT_EQ(half.init_parameters().at("device"), Value());
  EXPECT_EQ(*half.init_parameters().at("model_kwargs").find("device_map"), Value("cpu"));
  EXPECT_THAT(test::refusal([] { TransformersSimilarityRanker({.model = "x", .calibration_factor = std::nullopt}); }),
              HasSubstr("calibration_factor must be provided"));
  EXPECT_THAT(test::refusal([] { TransformersSimilarityRanker({.model = "x", .top_k = 0}); }), HasSubstr("got 0"));
  TransformersSimilarityRanker unscaled(
      {.model = ranking_model, .device = on_cpu, .scale_score = false, .calibration_factor = std::nullopt});
  EXPECT_THAT(test::refusal([&] { rank(unscaled, {{"scale_score", true}}); }), HasSubstr("must be provided"));
}

TEST(SentenceTransformersRanker, CutsPairsAtThePositionsOfTheModelAndTheOtherDoesNot) {
  std::string many;
  for (int i = 0; i < 60; ++i) many += "ship ";
  const auto scores = [&](const std::string& end, auto& ranker) {
    const std::vector<Document> documents = {Document({.content = many + end})};
    return scores_of(rank(ranker, {{"documents", to_value(documents)}}));
  };
  SentenceTransformersSimilarityRanker cutting({.model = ranking_model, .device = on_cpu});
  EXPECT_EQ(scores("berlin", cutting), scores("paris", cutting));
  TransformersSimilarityRanker taking({.model = ranking_model, .device = on_cpu});
  EXPECT_NE(scores("berlin", taking), scores("paris", taking));
  EXPECT_THAT(test::refusal([] { SentenceTransformersSimilarityRanker({.device = on_cpu, .top_k = 0}); }),
              HasSubstr("top_k must be > 0, but got 0"));
}

TEST(SentenceTransformersRanker, HasSuffixes) {
  SentenceTransformersSimilarityRanker plain({.model = ranking_model, .device = on_cpu});
  SentenceTransformersSimilarityRanker dressed(
      {.model = ranking_model, .device = on_cpu, .query_suffix = "!", .document_suffix = "."});
  const std::vector<Document> bare = {Document({.content = "rain"})};
  const std::vector<Document> written = {Document({.content = "rain."})};
  const auto a = run_component(dressed, {{"query", "ship"}, {"documents", to_value(bare)}});
  const auto b = run_component(plain, {{"query", "ship!"}, {"documents", to_value(written)}});
  EXPECT_EQ(scores_of(from_value<std::vector<Document>>(a.at("documents"))),
            scores_of(from_value<std::vector<Document>>(b.at("documents"))));
}

TEST(DiversityRanker, StartsWithTheNearestAndTakesEachOnce) {
  for (const auto* strategy : {"greedy_diversity_order", "maximum_margin_relevance"})
    for (const auto* similarity : {"cosine", "dot_product"}) {
      SentenceTransformersDiversityRanker ranker({.model = embedding_model,
                                                  .device = on_cpu,
                                                  .similarity = similarity,
                                                  .document_suffix = " ",
                                                  .strategy = strategy});
      const auto ranked = rank(ranker);
      ASSERT_THAT(ranked, SizeIs(3));
      EXPECT_EQ(rank(ranker, {{"top_k", 2}}), std::vector<Document>(ranked.begin(), ranked.begin() + 2));
      EXPECT_THAT(rank(ranker, {{"documents", Value::Array{}}}), IsEmpty());
    }
}

TEST(DiversityRanker, ByRelevanceAloneOrdersByNearness) {
  SentenceTransformersDiversityRanker ranker({.model = embedding_model,
                                              .device = on_cpu,
                                              .query_prefix = "",
                                              .strategy = "maximum_margin_relevance",
                                              .lambda_threshold = 1});
  const std::vector<Document> documents = {Document({.content = "rain in france"}),
                                           Document({.content = "where is the ship?"})};
  EXPECT_EQ(rank(ranker, {{"documents", to_value(documents)}})[0].content, "where is the ship?");
}

TEST(DiversityRanker, RefusesWhatItDoesNotKnow) {
  using Parameters = SentenceTransformersDiversityRankerParameters;
  const auto problem = [](Parameters parameters) {
    parameters.device = on_cpu;
    return test::refusal([&] { SentenceTransformersDiversityRanker(std::move(parameters)); });
  };
  EXPECT_EQ(problem({.top_k = 0}), "top_k must be > 0, but got 0");
  EXPECT_EQ(problem({.similarity = "l2"}),
            "Unknown similarity metric 'l2'. Supported metrics are: ['dot_product', 'cosine']");
  EXPECT_EQ(problem({.strategy = "x"}),
            "Unknown strategy 'x'. Supported strategies are: ['greedy_diversity_order', 'maximum_margin_relevance']");
  EXPECT_EQ(problem({.strategy = "maximum_margin_relevance", .lambda_threshold = 1.5}),
            "lambda_threshold must be between 0 and 1, but got 1.5.");
  SentenceTransformersDiversityRanker ranker(
      {.model = embedding_model, .device = on_cpu, .strategy = "maximum_margin_relevance"});
  EXPECT_THAT(test::refusal([&] { rank(ranker, {{"lambda_threshold", -0.5}}); }), HasSubstr("but got -0.5."));
  EXPECT_THAT(test::refusal([&] { rank(ranker, {{"top_k", 0}}); }), HasSubstr("top_k must be > 0"));
}

class Evaluation {
 public:
  explicit Evaluation(const std::string& model, Value::Array expected = {"a ship", "rain"},
                      Value predicted = Value::Array{"a ship", "snow"})
      : evaluator_({.model = model, .device = on_cpu}),
        result_(run_component(evaluator_,
                              {{"ground_truth_answers", std::move(expected)}, {"predicted_answers", predicted}})) {}
  double score() const { return result_.at("score").as_double(); }
  std::vector<double> scores() const { return from_value<std::vector<double>>(result_.at("individual_scores")); }

 private:
  SASEvaluator evaluator_;
  Value::Object result_;
};

TEST(Evaluator, ComparesEmbeddings) {
  const Evaluation evaluation(embedding_model);
  EXPECT_NEAR(evaluation.scores()[0], 1, 1e-6);
  EXPECT_LT(evaluation.scores()[1], 1);
  EXPECT_NEAR(evaluation.score(), (evaluation.scores()[0] + evaluation.scores()[1]) / 2, 1e-9);
  const Evaluation nothing(embedding_model, {}, Value::Array{});
  EXPECT_EQ(nothing.score(), 0);
  EXPECT_THAT(nothing.scores(), ElementsAre(0.0));
}

TEST(Evaluator, KeepsADeviceInAFormThatIsNone) {
  const Value::Object parameters = {{"model", embedding_model}, {"device", Value::Object{{"type", "several"}}}};
  const auto evaluator =
      component_from_dict(Value::Object{{"type", SASEvaluator::type_name}, {"init_parameters", parameters}});
  EXPECT_EQ(evaluator->init_parameters().at("device"), parameters.at("device"));
  EXPECT_THAT(evaluator->known_problem().value(), HasSubstr("several"));
  EXPECT_THAT(test::refusal([&] { evaluator->warm_up(); }), HasSubstr("The parameter 'device' has a form"));
}

TEST(Evaluator, RefusesListsThatDoNotFit) {
  EXPECT_EQ(test::refusal([] { Evaluation(embedding_model, {"a"}, Value::Array{}); }),
            "The number of predictions and labels must be the same.");
  EXPECT_EQ(test::refusal([] { Evaluation(embedding_model, {}, Value::Array{nullptr}); }),
            "The number of predictions and labels must be the same.");
  EXPECT_EQ(test::refusal([] { Evaluation(embedding_model, {"a"}, Value::Array{nullptr}); }),
            "Predicted answers must not contain None values.");
}

TEST(Evaluator, RefusesAnActivationThatCannotBeComputed) {
  test::TemporaryFolder folder;
  std::filesystem::copy(ranking_model, folder.path(), std::filesystem::copy_options::recursive);
  auto config = test::read_json_file(folder.path() / "config.json");
  config.as_object().set("sbert_ce_default_activation_function", "torch.nn.modules.activation.Softmax2d");
  std::ofstream(folder.path() / "config.json") << config.to_json();
  EXPECT_THAT(test::refusal<FormatError>([&] { Evaluation(folder.path().string()); }), HasSubstr("Softmax2d"));
}

}  // namespace
}  // namespace berth
