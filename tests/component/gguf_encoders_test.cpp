/// Embedders and rankers over models in GGUF files.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "berth/error.h"
#include "berth/extractive_reader.h"
#include "berth/pipeline.h"
#include "berth/sentence_transformers_document_embedder.h"
#include "berth/sentence_transformers_similarity_ranker.h"
#include "berth/sentence_transformers_sparse_text_embedder.h"
#include "berth/sentence_transformers_text_embedder.h"
#include "berth/transformers_similarity_ranker.h"
#include "berth/transformers_text_router.h"
#include "refusal.h"
#include "test_model.h"
#include "tiny_encoders.h"

namespace berth {
namespace {

using testing::DoubleNear;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pointwise;
using testing::SizeIs;

using Numbers = std::vector<double>;

const std::string gguf_model = BERTH_TEST_DATA_DIR "/encoders/tiny_qwen3_embedding.gguf";
const ComponentDevice gguf_device{Device::cpu()};

Numbers gguf_embedding(SentenceTransformersTextEmbedderParameters parameters, const std::string& text) {
  parameters.model = gguf_model;
  parameters.device = gguf_device;
  SentenceTransformersTextEmbedder embedder(std::move(parameters));
  return from_value<Numbers>(run_component(embedder, {{"text", text}}).at("embedding"));
}

double product(const Numbers& a, const Numbers& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

TEST(GgufEmbedders, HaveWhatSentenceTransformersHas) {
  const auto plain = gguf_embedding({}, "find: fox");
  EXPECT_THAT(plain, SizeIs(32));
  EXPECT_EQ(gguf_embedding({.prefix = "find: "}, "fox"), plain);
  EXPECT_EQ(gguf_embedding({.encode_kwargs = Value::Object{{"prompt", "find: "}}}, "fox"), plain);
  EXPECT_GT(product(plain, plain), 2);
  const auto cut = gguf_embedding({.normalize_embeddings = true, .truncate_dim = 10}, "find: fox");
  EXPECT_THAT(cut, SizeIs(10));
  EXPECT_NEAR(product(cut, cut), 1, 1e-6);
  EXPECT_NEAR(cut[0] / cut[1], plain[0] / plain[1], 1e-4);
  EXPECT_THAT(gguf_embedding({.precision = "binary"}, "find: fox"), SizeIs(4));
  EXPECT_EQ(gguf_embedding({.tokenizer_kwargs = Value::Object{{"model_max_length", 5}}}, "find: fox"),
            gguf_embedding({}, "fin"));
}

TEST(GgufEmbedders, EmbedDocumentsAsTexts) {
  SentenceTransformersDocumentEmbedder embedder({.model = gguf_model,
                                                 .device = gguf_device,
                                                 .meta_fields_to_embed = std::vector<std::string>{"title"},
                                                 .embedding_separator = " "});
  EXPECT_FALSE(embedder.load_use().empty());
  const std::vector<Document> documents = {Document({.content = "a fox", .meta = {{"title", "dog"}}}),
                                           Document({.content = std::string(800, 'x')})};
  const auto result = run_component(embedder, {{"documents", to_value(documents)}});
  const auto embedded = from_value<std::vector<Document>>(result.at("documents"));
  EXPECT_THAT(embedder.load_use(), IsEmpty()) << "it is loaded";
  const Numbers first(embedded[0].embedding->begin(), embedded[0].embedding->end());
  EXPECT_THAT(first, Pointwise(DoubleNear(2e-3), gguf_embedding({}, "dog a fox")));
}

TEST(GgufEmbedders, KeepTheBudgetsOfAStrategy) {
  const auto with = [](const char* bytes) {
    return Value::Object{{"device_map", "auto"}, {"max_memory", Value::Object{{"cpu", bytes}}}};
  };
  EXPECT_THAT(gguf_embedding({.model_kwargs = with("1GiB")}, "find: fox"),
              Pointwise(DoubleNear(2e-3), gguf_embedding({}, "find: fox")));
  EXPECT_THAT(test::refusal<ModelDoesNotFit>([&] { gguf_embedding({.model_kwargs = with("10KiB")}, "fox"); }),
              HasSubstr("does not fit"));
}

TEST(GgufEmbedders, RunInThePipelineOfAFile) {
  auto pipeline = Pipeline::loads(
      "components:\n"
      "  embedder:\n"
      "    type: haystack.components.embedders.sentence_transformers_text_embedder.SentenceTransformersTextEmbedder\n"
      "    init_parameters:\n"
      "      model: " +
      gguf_model +
      "\n"
      "      device: {type: single, device: cpu}\n"
      "      prefix: 'find: '\n"
      "connections: []\n");
  const auto result = pipeline.run({{"embedder", Value::Object{{"text", "fox"}}}});
  EXPECT_EQ(from_value<Numbers>(*result.at("embedder").find("embedding")), gguf_embedding({}, "find: fox"));
}

TEST(GgufRankers, OrderDocumentsByTheProbabilityOfYes) {
  const test::TemporaryFolder folder;
  const auto path =
      test::TinyQwen3{.pooling = 4, .answers = {"yes", "no"}}.write(folder.path() / "ranker.gguf").string();
  std::vector<Document> documents;
  for (const char* text : {"a red fox", "dogs", "the quick brown fox", "z"})
    documents.push_back(Document({.content = text}));
  const Value::Object inputs{{"query", "fox"}, {"documents", to_value(documents)}};
  TransformersSimilarityRanker ranker({.model = path, .device = gguf_device});
  const auto ranked = from_value<std::vector<Document>>(run_component(ranker, inputs).at("documents"));
  ASSERT_THAT(ranked, SizeIs(4));
  EXPECT_TRUE(std::ranges::is_sorted(ranked, std::greater(), [](const auto& each) { return *each.score; }));
  EXPECT_GT(*ranked.front().score, *ranked.back().score);
  for (const auto& each : ranked) EXPECT_TRUE(*each.score > 0 && *each.score < 1);
  SentenceTransformersSimilarityRanker other({.model = path, .device = gguf_device});
  const auto same = from_value<std::vector<Document>>(run_component(other, inputs).at("documents"));
  for (std::size_t i = 0; i < ranked.size(); ++i) EXPECT_NEAR(*same[i].score, *ranked[i].score, 1e-5);
  SentenceTransformersTextEmbedder embedder({.model = path, .device = gguf_device});
  EXPECT_THAT(test::refusal([&] { run_component(embedder, {{"text", "fox"}}); }), HasSubstr("it is a ranker"));
}

TEST(GgufEncoders, AreRefusedByComponentsThatNeedMore) {
  TransformersSimilarityRanker ranker({.model = gguf_model, .device = gguf_device});
  const std::vector<Document> documents = {Document({.content = "fox"})};
  EXPECT_THAT(test::refusal([&] {
                run_component(ranker, {{"query", "fox"}, {"documents", to_value(documents)}});
              }),
              HasSubstr("tiny_qwen3_embedding.gguf' is no classifier"));
  ExtractiveReader reader({.model = gguf_model, .device = gguf_device});
  EXPECT_THAT(test::refusal([&] { reader.warm_up(); }), HasSubstr("needs a model for question_answering"));
  SentenceTransformersSparseTextEmbedder sparse({.model = gguf_model, .device = gguf_device});
  EXPECT_THAT(test::refusal([&] { run_component(sparse, {{"text", "fox"}}); }), HasSubstr("no masked language model"));
  EXPECT_THAT(test::refusal([&] { TransformersTextRouter({.model = gguf_model, .device = gguf_device}); }),
              HasSubstr("give TransformersTextRouter the labels"));
}

}  // namespace
}  // namespace berth
