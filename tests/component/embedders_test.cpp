/// Embedders around sentence-transformers, over tiny models.
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <utility>

#include "berth/error.h"
#include "berth/sentence_transformers_document_embedder.h"
#include "berth/sentence_transformers_sparse_document_embedder.h"
#include "berth/sentence_transformers_sparse_text_embedder.h"
#include "berth/sentence_transformers_text_embedder.h"
#include "berth/simulated.h"
#include "clean_environment.h"
#include "component/sentence_embedding.h"
#include "json_file.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string dense_model = BERTH_TEST_DATA_DIR "/encoders/st_dense";
const std::string prompt_model = BERTH_TEST_DATA_DIR "/encoders/st_prompt";
const std::string sparse_model = BERTH_TEST_DATA_DIR "/encoders/st_splade";

std::vector<double> embedding_of(SentenceTransformersTextEmbedderParameters parameters, const std::string& text) {
  if (!parameters.device) parameters.device = ComponentDevice(Device::cpu());
  SentenceTransformersTextEmbedder embedder(std::move(parameters));
  return from_value<std::vector<double>>(run_component(embedder, {{"text", text}}).at("embedding"));
}

double length_of(const std::vector<double>& vector) {
  return std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0));
}

std::string embedding_problem(SentenceTransformersTextEmbedderParameters parameters) {
  return test::refusal<std::exception>([&] { embedding_of(std::move(parameters), "ship"); });
}

TEST(TextEmbedder, EmbedsWhatStandsBetweenPrefixAndSuffix) {
  const auto plain = embedding_of({.model = prompt_model}, "query: ship.");
  EXPECT_EQ(plain.size(), 80U);
  EXPECT_EQ(embedding_of({.model = prompt_model, .prefix = "query: ", .suffix = "."}, "ship"), plain);
}

TEST(TextEmbedder, CutsBeforeItNormalizes) {
  const auto cut = embedding_of({.model = prompt_model, .normalize_embeddings = true, .truncate_dim = 5}, "ship");
  EXPECT_EQ(cut.size(), 5U);
  EXPECT_NEAR(length_of(cut), 1, 1e-6);
  EXPECT_EQ(embedding_of({.model = prompt_model, .encode_kwargs = Value::Object{{"truncate_dim", 7}}}, "ship").size(),
            7U);
  EXPECT_THAT(embedding_problem({.model = prompt_model, .truncate_dim = 0}), HasSubstr("must be > 0"));
}

TEST(TextEmbedder, TakesPromptsByTextOrName) {
  test::TemporaryFolder folder;
  std::filesystem::copy(prompt_model, folder.path(), std::filesystem::copy_options::recursive);
  std::ofstream(folder.path() / "config_sentence_transformers.json") << R"({"prompts": {"q": "query: "}})";
  const auto with = [&](Value::Object kwargs) {
    return embedding_of({.model = folder.path().string(), .encode_kwargs = std::move(kwargs)}, "ship");
  };
  const auto prompted = with({{"prompt", "query: "}});
  EXPECT_EQ(with({{"prompt_name", "q"}}), prompted);
  EXPECT_NE(with({{"prompt_name", nullptr}}), prompted);
  EXPECT_THAT(test::refusal([&] { with({{"prompt_name", "p"}}); }), HasSubstr("with keys ['query', 'document', 'q']"));
  EXPECT_THAT(test::refusal([&] { with({{"prompt", 3}}); }), HasSubstr("'prompt' is no text"));
  EXPECT_THAT(test::refusal([&] { with({{"output_value", "token_embeddings"}}); }), HasSubstr("'output_value' cannot"));
}

TEST(TextEmbedder, LimitsTokensAndPrecisionByKeywords) {
  const std::string text = "two three ships in the harbour of berlin";
  EXPECT_EQ(embedding_of({.model = dense_model, .tokenizer_kwargs = Value::Object{{"model_max_length", 4}}}, text),
            embedding_of({.model = dense_model}, "two three"));
  const auto exact = embedding_of({.model = dense_model}, text);
  const auto half =
      embedding_of({.model = dense_model, .model_kwargs = Value::Object{{"torch_dtype", "torch.half"}}}, text);
  EXPECT_NE(half, exact);
  for (std::size_t i = 0; i < exact.size(); ++i) EXPECT_NEAR(half[i], exact[i], 0.02);
  EXPECT_THAT(embedding_problem({.model = dense_model, .tokenizer_kwargs = Value::Object{{"model_max_length", "x"}}}),
              HasSubstr("'model_max_length' is no number"));
  EXPECT_THAT(embedding_problem({.model = dense_model, .model_kwargs = Value::Object{{"torch_dtype", "torch.int4"}}}),
              HasSubstr("Unknown precision 'int4'"));
}

/// What Haystack 2.31 gives with sentence-transformers 5.2.
TEST(TextEmbedder, TakesEntriesOfConfigurationsByKeywords) {
  const std::string text = "where is the ship? two cranes";
  const std::pair<Value::Object, double> recorded[] = {{{{"num_hidden_layers", 1}}, 0.3761372},
                                                       {{{"hidden_act", "relu"}}, 0.2776208},
                                                       {{{"layer_norm_eps", 0.5}}, 0.2738372}};
  for (const auto& [kwargs, expected] : recorded)
    EXPECT_NEAR(embedding_of({.model = dense_model, .config_kwargs = kwargs}, text)[0], expected, 1e-5);
  EXPECT_NEAR(embedding_of({.model = dense_model, .tokenizer_kwargs = Value::Object{{"do_lower_case", false}}},
                           "Where is the ship? two cranes")[0],
              0.2710136, 1e-5);
}

TEST(TextEmbedder, TakesARevisionOfTheCache) {
  const test::CleanEnvironment environment({"HF_HUB_CACHE"});
  const test::TemporaryFolder folder;
  const auto repository = folder.path() / "models--org--name";
  for (const auto& [ref, model] : {std::pair("main", dense_model), std::pair("v2", prompt_model)}) {
    std::filesystem::create_directories(repository / "refs");
    std::ofstream(repository / "refs" / ref) << "commit" << ref;
    std::filesystem::create_directories(repository / "snapshots");
    std::filesystem::copy(model, repository / "snapshots" / (std::string("commit") + ref),
                          std::filesystem::copy_options::recursive);
  }
  setenv("HF_HUB_CACHE", folder.path().c_str(), 1);
  EXPECT_EQ(embedding_of({.model = "org/name"}, "ship"), embedding_of({.model = dense_model}, "ship"));
  EXPECT_EQ(embedding_of({.model = "org/name", .revision = "v2"}, "ship"),
            embedding_of({.model = prompt_model}, "ship"));
  EXPECT_THAT(embedding_problem({.model = "org/name", .revision = "nope"}), HasSubstr("'nope'"));
}

TEST(TextEmbedder, RunsOnAMapAndRefusesWhatIsNotThere) {
  const Value::Object on_map = {{"device_map", Value::Object{{"", "cpu"}}}};
  EXPECT_EQ(embedding_of({.model = dense_model, .model_kwargs = on_map}, "ship"),
            embedding_of({.model = dense_model}, "ship"));
  EXPECT_EQ(embedding_of({.model = dense_model, .model_kwargs = Value::Object{{"device_map", "auto"}}}, "ship").size(),
            8U);
  EXPECT_THAT(embedding_problem({.model = dense_model, .model_kwargs = Value::Object{{"device_map", "moon"}}}),
              HasSubstr("'device_map'"));
  EXPECT_THAT(embedding_problem({.model = dense_model, .backend = "jax"}), HasSubstr("Unknown backend 'jax'"));
  EXPECT_THAT(embedding_problem({.model = "no/such-model"}), HasSubstr("hf download no/such-model"));
  EXPECT_THAT(embedding_problem({.model = dense_model, .precision = "int4"}), HasSubstr("'int4' is not supported"));
  EXPECT_THAT(embedding_problem({.model = dense_model, .token = Secret::from_env_var({"BERTH_NO_SUCH_TOKEN"})}),
              HasSubstr("BERTH_NO_SUCH_TOKEN"));
}

Value::Object placed_by(const std::string& strategy, Value::Object budgets) {
  Value::Object kwargs{{"max_memory", std::move(budgets)}};
  if (!strategy.empty()) kwargs.set("device_map", strategy);
  return kwargs;
}

TEST(TextEmbedder, KeepsTheBudgetsOfAStrategy) {
  use_simulated(simulate("cpu:8GiB,cuda:2x1GiB"));
  const auto expected = embedding_of({.model = dense_model}, "ship");
  for (const char* strategy : {"auto", "balanced", "sequential"}) {
    SentenceTransformersTextEmbedder embedder(
        {.model = dense_model,
         .model_kwargs = placed_by(strategy, {{"cuda:0", "512MiB"}, {"cuda:1", "512MiB"}, {"cpu", "1GiB"}})});
    const auto embedding = from_value<std::vector<double>>(run_component(embedder, {{"text", "ship"}}).at("embedding"));
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(embedding[i], expected[i], 1e-5);
    ASSERT_NE(embedder.device()->multiple(), nullptr);
    EXPECT_EQ(embedder.device()->multiple()->first_device()->type(), DeviceType::cuda) << strategy;
  }
  use_simulated(simulate("cpu:64GiB"));
}

TEST(TextEmbedder, RefusesBudgetsThatCannotBeKept) {
  const auto problem = [](Value::Object kwargs) {
    SentenceTransformersTextEmbedder embedder({.model = dense_model, .model_kwargs = std::move(kwargs)});
    return test::refusal<std::exception>([&] { embedder.warm_up(); });
  };
  EXPECT_THAT(problem(placed_by("auto", {{"cpu", "10KiB"}})), HasSubstr("does not fit"));
  EXPECT_THAT(problem(placed_by("", {{"cpu", "10KiB"}})), HasSubstr("does not fit"));
  EXPECT_THAT(problem(placed_by("cpu", {{"cpu", "10KiB"}})), HasSubstr("cpu would hold"));
  EXPECT_THAT(problem(placed_by("", {{"cpu", "much"}})), HasSubstr("much"));
  EXPECT_THAT(problem({{"device_map", Value::Object{{"", "cpu"}}}, {"max_memory", Value::Object{{"cpu", "1GiB"}}}}),
              HasSubstr("a map says itself"));
  SentenceTransformersTextEmbedder roomy({.model = dense_model, .model_kwargs = placed_by("", {{"cpu", "4GiB"}})});
  roomy.warm_up();
  EXPECT_EQ(roomy.device()->str(), "cpu");
}

TEST(TextEmbedder, TellsWhatItIsBeforeItRuns) {
  SentenceTransformersTextEmbedder embedder({.model = dense_model, .device = ComponentDevice(Device::cpu())});
  EXPECT_EQ(embedder.device(), ComponentDevice(Device::cpu()));
  EXPECT_GT(embedder.load_use().at(0).weights, 1000U);
  EXPECT_FALSE(embedder.known_problem());
  EXPECT_TRUE(embedder.concurrent());
  embedder.warm_up();
  EXPECT_TRUE(embedder.load_use().empty());
  std::vector<std::string> warnings;
  SentenceTransformersTextEmbedder odd({.model = dense_model,
                                        .device = ComponentDevice(Device::cpu()),
                                        .model_kwargs = Value::Object{{"provider", "x"}},
                                        .tokenizer_kwargs = Value::Object{{"max_length", 3}},
                                        .config_kwargs = Value::Object{{"foo", 1}},
                                        .log = [&](LogLevel, std::string_view text) { warnings.emplace_back(text); }});
  odd.warm_up();
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("'provider' has no effect"), HasSubstr("'max_length' has no effect"),
                                    HasSubstr("'foo'")));
}

TEST(DocumentEmbedder, EmbedsMetaAndContentAndKeepsTheRest) {
  SentenceTransformersDocumentEmbedder embedder(
      {.model = prompt_model,
       .device = ComponentDevice(Device::cpu()),
       .meta_fields_to_embed = std::vector<std::string>{"where", "none", "no"},
       .embedding_separator = ". "});
  const std::vector<Document> documents = {
      Document({.content = "the ship", .meta = {{"where", "paris"}, {"none", nullptr}}, .score = 0.5}),
      Document(DocumentFields{.meta = {{"where", 3}}})};
  const auto embedded =
      from_value<std::vector<Document>>(run_component(embedder, {{"documents", to_value(documents)}}).at("documents"));
  ASSERT_EQ(embedded.size(), 2U);
  EXPECT_EQ(embedded[0].id, documents[0].id);
  EXPECT_EQ(embedded[0].score, 0.5);
  const auto alone = embedding_of({.model = prompt_model}, "paris. the ship");
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(embedded[0].embedding->at(i), alone[i], 1e-5);
  const auto nothing = run_component(embedder, {{"documents", Value::Array{}}});
  EXPECT_THAT(nothing.at("documents").as_array(), IsEmpty());
}

TEST(SentenceEmbedding, IsQuantizedAsInSentenceTransformers) {
  using Rows = std::vector<std::vector<double>>;
  const Rows rows = {{-1, 0, 2, 7, 1, 1, -1, 1, 3}, {0, 5, 2, 0, 0, 0, 0, 0, -3}};
  EXPECT_EQ(quantized(rows, "ubinary"), (Rows{{0b00111101, 0b10000000}, {0b01100000, 0}}));
  EXPECT_EQ(quantized(rows, "binary"), (Rows{{0b00111101 - 128, 0}, {0b01100000 - 128, -128}}));
  EXPECT_EQ(quantized({{0, 1}, {1, 1}, {0.5, 1}}, "uint8"), (Rows{{0, 0}, {255, 0}, {127, 0}}));
  EXPECT_EQ(quantized({{0}, {1}, {0.75}}, "int8"), (Rows{{-128}, {127}, {63}}));
  EXPECT_EQ(quantized(rows, "float32"), rows);
  const Rows ranges = {{0, -1}, {1, -1}};
  EXPECT_EQ(quantized({{0.5, -0.5}, {2, 9}, {-1, -3}}, "uint8", ranges), (Rows{{127, 0}, {255, 10}, {0, 0}}));
  EXPECT_EQ(quantized({{0.5, -0.5}}, "int8", ranges), (Rows{{-1, -128}}));
  EXPECT_THROW(quantized({{1}}, "int8", ranges), std::invalid_argument);
}

TEST(SparseEmbedder, GivesWordsAboveZero) {
  SentenceTransformersSparseTextEmbedder embedder({.model = sparse_model, .device = ComponentDevice(Device::cpu())});
  const auto whole = from_value<SparseEmbedding>(run_component(embedder, {{"text", "a ship"}}).at("sparse_embedding"));
  ASSERT_FALSE(whole.indices.empty());
  EXPECT_EQ(whole.indices.size(), whole.values.size());
  EXPECT_TRUE(std::ranges::is_sorted(whole.indices));
  for (const auto value : whole.values) EXPECT_GT(value, 0);

  SentenceTransformersSparseDocumentEmbedder documents(
      {.model = sparse_model, .device = ComponentDevice(Device::cpu()), .prefix = "a "});
  const std::vector<Document> given(70, Document({.content = "ship"}));
  const auto embedded =
      from_value<std::vector<Document>>(run_component(documents, {{"documents", to_value(given)}}).at("documents"));
  ASSERT_EQ(embedded.size(), 70U);
  EXPECT_EQ(embedded[69].sparse_embedding->indices, whole.indices);
  for (std::size_t i = 0; i < whole.values.size(); ++i)
    EXPECT_NEAR(embedded[69].sparse_embedding->values[i], whole.values[i], 1e-5);
}

void expect_recorded(const SparseEmbedding& found, const Value& recorded) {
  const auto indices = from_value<std::vector<int>>(recorded.as_object().at("indices"));
  const auto values = from_value<std::vector<double>>(recorded.as_object().at("values"));
  ASSERT_TRUE(std::ranges::equal(found.indices, indices, [](auto a, auto b) { return std::cmp_equal(a, b); }));
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(found.values[i], values[i], 1e-5);
}

TEST(SparseEmbedder, GivesWhatHaystackDoes) {
  const auto recorded = test::json_file("encoders/st_splade.sparse.json").as_object();
  // Without modules, as sentence-transformers 5 writes them, and as 6 does.
  test::TemporaryFolder bare;
  test::TemporaryFolder newer;
  for (const auto* folder : {&bare, &newer})
    for (const auto* name : {"config.json", "model.safetensors", "tokenizer.json"})
      std::filesystem::copy(sparse_model + "/" + name, folder->path() / name);
  std::filesystem::create_directory(newer.path() / "1_SpladePooling");
  std::ofstream(newer.path() / "1_SpladePooling/config.json")
      << R"({"pooling_strategy": "max", "activation_function": "relu", "embedding_dimension": null})";
  std::ofstream(newer.path() / "sentence_bert_config.json") << R"({"transformer_task": "fill-mask"})";
  std::ofstream(newer.path() / "modules.json") << R"([
      {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
      {"idx": 1, "name": "1", "path": "1_SpladePooling",
       "type": "sentence_transformers.sparse_encoder.modules.splade_pooling.SpladePooling"}])";
  for (const auto& model : {sparse_model, bare.path().string(), newer.path().string()}) {
    SCOPED_TRACE(model);
    SentenceTransformersSparseTextEmbedder texts({.model = model, .device = ComponentDevice(Device::cpu())});
    for (const auto& each : recorded.at("texts").as_array())
      expect_recorded(from_value<SparseEmbedding>(
                          run_component(texts, {{"text", each.as_object().at("text")}}).at("sparse_embedding")),
                      each);
    SentenceTransformersSparseDocumentEmbedder documents({.model = model,
                                                          .device = ComponentDevice(Device::cpu()),
                                                          .prefix = "a ",
                                                          .meta_fields_to_embed = std::vector<std::string>{"title"}});
    std::vector<Document> given;
    for (const auto& each : recorded.at("documents").as_array())
      given.push_back(Document({.content = each.as_object().at("text").as_string(), .meta = {{"title", "old port"}}}));
    const auto embedded =
        from_value<std::vector<Document>>(run_component(documents, {{"documents", to_value(given)}}).at("documents"));
    for (std::size_t i = 0; i < given.size(); ++i)
      expect_recorded(*embedded[i].sparse_embedding, recorded.at("documents").as_array()[i]);
  }
  EXPECT_THAT(
      test::refusal([&] {
        SentenceTransformersSparseTextEmbedder dense({.model = dense_model, .device = ComponentDevice(Device::cpu())});
        run_component(dense, {{"text", "a ship"}});
      }),
      HasSubstr("it is no masked language model"));
}

}  // namespace
}  // namespace berth
