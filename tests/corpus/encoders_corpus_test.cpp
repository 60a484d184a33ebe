/// The encoders among the models of the corpus, against what transformers and sentence-transformers computed with them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>

#include "berth/encoder.h"
#include "berth/error.h"
#include "berth/text_encoder.h"
#include "corpus/haystack_corpus.h"
#include "encoder_cases.h"

namespace berth::corpus {
namespace {

std::filesystem::path models_folder() { return corpus_folder() / "models"; }

/// Calls `check(name)` for each encoder; what one throws does not end the test.
template <class Check>
void for_each_encoder(Check check) {
  std::size_t count = 0;
  for (const auto& name : test::encoder_cases(models_folder())) {
    SCOPED_TRACE(name);
    try {
      if (test::is_generative(models_folder() / name)) continue;
      ++count;
      check(name);
    } catch (const std::exception& problem) {
      ADD_FAILURE() << "an exception: " << problem.what();
    }
  }
  if (count == 0) GTEST_SKIP() << "the corpus has no encoder";
}

Value expected_of(const std::string& name) { return test::read_json_file(models_folder() / (name + ".expected.json")); }

TEST(EncodersCorpus, EqualTransformers) {
  for_each_encoder([](const std::string& name) {
    const auto model = load_encoder({.model = models_folder() / name});
    test::EncoderComparison comparison(*model, expected_of(name));
    const auto largest = comparison.run();
    EXPECT_LE(largest, test::encoder_tolerance) << comparison.where();
    EXPECT_GT(comparison.compared(), 0U);
    std::cout << name << ": " << comparison.compared() << " numbers, differences up to " << largest << '\n';
  });
}

/// Cut as sentence-transformers does, which keeps the last special token.
std::vector<std::int32_t> cut_ids(const Value& list, std::size_t most) {
  std::vector<std::int32_t> ids;
  for (const auto& each : list.as_array()) ids.push_back(static_cast<std::int32_t>(each.as_int()));
  if (ids.size() <= most) return ids;
  const auto last = ids.back();
  ids.resize(most);
  ids.back() = last;
  return ids;
}

std::vector<float> unit_length(std::span<const float> vector) {
  double squares = 0;
  for (const auto each : vector) squares += static_cast<double>(each) * each;
  std::vector<float> unit;
  for (const auto each : vector) unit.push_back(static_cast<float>(each / std::sqrt(squares)));
  return unit;
}

void expect_near(const std::vector<double>& expected, std::span<const float> found) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], expected[i], test::encoder_tolerance * std::max(1.0, std::abs(expected[i])));
}

/// The tokens that sentence-transformers takes of a text; none: its files change texts, which the recorded ids do not tell.
std::optional<std::size_t> tokens_of_recorded_texts(const std::string& name) {
  const auto entry = [&](const char* file, const char* key) -> Value {
    const auto path = models_folder() / name / file;
    if (!std::filesystem::exists(path)) return {};
    const auto settings = test::read_json_file(path);
    const auto* found = settings.find(key);
    return found == nullptr ? Value() : *found;
  };
  const bool changes_texts = entry("sentence_bert_config.json", "do_lower_case") == Value(true) ||
                             !entry("config_sentence_transformers.json", "default_prompt_name").is_null() ||
                             entry("tokenizer_config.json", "truncation_side") == Value("left");
  if (changes_texts) return std::nullopt;
  const auto most = entry("sentence_bert_config.json", "max_seq_length");
  return most.is_int() ? static_cast<std::size_t>(most.as_int())
                       : TextEncoder::load({.model = (models_folder() / name).string()}).max_tokens();
}

/// What SentenceTransformersTextEmbedder gave with no other option than `normalize_embeddings`.
TEST(EncodersCorpus, EmbedTextsAsSentenceTransformersDoes) {
  for_each_encoder([](const std::string& name) {
    const auto expected = expected_of(name);
    const auto* cases = expected.find("text_embedder");
    if (cases == nullptr) return;
    const auto most = tokens_of_recorded_texts(name);
    if (!most) return;
    std::map<std::string, std::vector<std::int32_t>> ids;
    for (const auto& item : expected.find("raw")->as_array())
      if (const auto* text = item.find("text"); text != nullptr)
        ids[text->as_string()] = cut_ids(*item.find("input_ids"), *most);
    const auto model = load_encoder({.model = models_folder() / name});
    for (const auto& each : cases->as_array()) {
      const auto& init = each.find("init")->as_object();
      const auto* normalizes = init.find("normalize_embeddings");
      if (init.size() > (normalizes == nullptr ? 0U : 1U)) continue;
      const auto& texts = each.find("texts")->as_array();
      for (std::size_t i = 0; i < texts.size(); ++i) {
        const auto found = ids.find(texts[i].as_string());
        if (found == ids.end()) continue;
        const auto result = model->encode({.token_ids = {found->second}, .outputs = {EncoderOutput::embedding}});
        const auto unit = unit_length(result.embedding.row(0));
        expect_near(test::flat(each.find("embeddings")->as_array()[i]),
                    normalizes == nullptr ? result.embedding.row(0) : std::span<const float>(unit));
      }
    }
  });
}

/// all-MiniLM-L6-v2, where `make model` puts it.
TEST(EncodersCorpus, EmbedSentencesWithMiniLM) {
  const auto file = models_folder() / "real_minilm.expected.json";
  const std::filesystem::path folder = BERTH_TEST_MINILM;
  if (!std::filesystem::exists(folder) || !std::filesystem::exists(file))
    GTEST_SKIP() << folder << " is not here (`make model`), or the corpus has no " << file;
  const auto model = load_encoder({.model = folder});
  const auto expected = test::read_json_file(file);
  EncodeRequest request{.outputs = {EncoderOutput::embedding}};
  for (const auto& each : expected.find("sentences")->as_array())
    request.token_ids.push_back(cut_ids(*each.find("input_ids"), model->info().max_sequence_tokens));
  const auto result = model->encode(request);
  for (std::size_t i = 0; i < request.token_ids.size(); ++i)
    expect_near(test::flat(*expected.find("sentences")->as_array()[i].find("embedding")),
                unit_length(result.embedding.row(i)));
}

}  // namespace
}  // namespace berth::corpus
