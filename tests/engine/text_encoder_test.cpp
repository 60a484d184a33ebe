/// Texts through tokenizer and encoder.
#include <gmock/gmock.h>

#include <fstream>
#include <thread>

#include "berth/error.h"
#include "berth/text_encoder.h"
#include "encoder_cases.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TextEncoder text_encoder(const std::string& name) {
  return TextEncoder::load({.model = BERTH_TEST_DATA_DIR "/encoders/" + name});
}

std::vector<float> row_of(const EncodedTensor& tensor, std::size_t index) {
  const auto row = tensor.row(index);
  return {row.begin(), row.end()};
}

void expect_near(const EncodedTensor& found, const EncodedTensor& expected) {
  ASSERT_EQ(found.shape, expected.shape);
  for (std::size_t i = 0; i < found.values.size(); ++i)
    EXPECT_NEAR(found.values[i], expected.values[i], 1e-5) << "value " << i;
}

TEST(TextEncoder, GivesTheModelTheTokensOfTexts) {
  const auto encoder = text_encoder("bert_nli");
  const auto texts = encoder.encode({.inputs = {{"two ships"}, {"Berlin", "what city?"}},
                                     .outputs = {EncoderOutput::logits, EncoderOutput::hidden_states}});
  ASSERT_EQ(texts.encodings.size(), 2U);
  EXPECT_THAT(texts.encodings[0].tokens, ElementsAre("[CLS]", "two", "ship", "##s", "[SEP]"));
  EXPECT_EQ(texts.encodings[1].offsets[3], TextSpan({0, 4})) << "of the pair";
  EXPECT_THAT(texts.input_of, ElementsAre(0, 1));
  EXPECT_THAT(texts.result.first_token, ElementsAre(0, 5, 12));
  const auto expected = encoder.model().encode({.token_ids = {{2, 4, 6, 7, 3}, texts.encodings[1].ids},
                                                .token_type_ids = {{0, 0, 0, 0, 0}, {0, 0, 0, 1, 1, 1, 1}},
                                                .outputs = {EncoderOutput::logits, EncoderOutput::hidden_states}});
  expect_near(texts.result.logits, expected.logits);
  expect_near(texts.result.hidden_states, expected.hidden_states);
}

TEST(TextEncoder, LeavesTokenTypesOutOnRequest) {
  const auto encoder = text_encoder("bert_qa");
  const auto without =
      encoder.encode({.inputs = {{"where", "the harbour"}}, .outputs = {EncoderOutput::logits}, .token_types = false});
  const auto expected =
      encoder.model().encode({.token_ids = {without.encodings[0].ids}, .outputs = {EncoderOutput::logits}});
  expect_near(without.result.logits, expected.logits);
  EXPECT_EQ(without.encodings[0].type_ids.back(), 1) << "the tokens are told nevertheless";
}

TEST(TextEncoder, TellsTheModelTokenTypesOnlyWhereItsTokenizerGivesThem) {
  const auto logits_with = [](const Value::Object& settings, bool token_types = true) {
    const auto encoder =
        TextEncoder::load({.model = BERTH_TEST_DATA_DIR "/encoders/bert_nli", .tokenizer_settings = settings});
    return encoder
        .encode({.inputs = {{"where", "the harbour"}}, .outputs = {EncoderOutput::logits}, .token_types = token_types})
        .result.logits.values;
  };
  const auto with = logits_with({});
  const auto without = logits_with({}, false);
  EXPECT_NE(with, without);
  EXPECT_EQ(logits_with({{"model_input_names", Value::Array{"input_ids", "attention_mask"}}}), without);
  EXPECT_EQ(logits_with({{"tokenizer_class", "DistilBertTokenizer"}}), without);
  EXPECT_EQ(logits_with({{"tokenizer_class", "PreTrainedTokenizerFast"}}), with);
  EXPECT_EQ(logits_with({{"tokenizer_class", "DistilBertTokenizerFast"},
                         {"model_input_names", Value::Array{"input_ids", "token_type_ids"}}}),
            with);
}

TEST(TextEncoder, CutsWhatIsTooLongAndKeepsTheRestOnRequest) {
  const auto encoder = text_encoder("bert_qa");
  std::string passage;
  for (int i = 0; i < 60; ++i) passage += "ship ";
  EXPECT_EQ(encoder.max_tokens(), 40U) << "the table of positions";
  const auto cut = encoder.encode({.inputs = {{"where", passage}}, .outputs = {EncoderOutput::logits}});
  EXPECT_THAT(cut.result.logits.shape, ElementsAre(40, 2));
  const auto all = encoder.encode(
      {.inputs = {{"where", passage}, {"a"}},
       .outputs = {EncoderOutput::logits},
       .truncation = Truncation{.max_length = 20, .strategy = TruncationStrategy::only_second, .stride = 4},
       .overflow = true});
  EXPECT_THAT(all.input_of, ElementsAre(0, 0, 0, 0, 0, 1)) << "16 words, and 12 more with each piece";
  EXPECT_EQ(all.encodings[1].offsets[3].begin, 5 * 12U);
  EXPECT_TRUE(all.encodings[0].overflowing.empty());
  EXPECT_EQ(all.result.first_token.back(), all.result.logits.rows());
}

TEST(TextEncoder, EmbedsManyTextsInPartsAndTellsProgress) {
  const auto encoder = text_encoder("st_dense");
  std::vector<std::string> texts(2500, "a red ship");
  texts[2400] = " \u00A0 the crane\n";
  std::vector<float> parts;
  const auto listen = [&](float part) {
    parts.push_back(part);
    return true;
  };
  const auto embedding = encoder.embed(texts, {}, {.progress = listen});
  EXPECT_THAT(embedding.shape, ElementsAre(2500, 8));
  EXPECT_TRUE(std::ranges::is_sorted(parts));
  EXPECT_EQ(parts.back(), 1.0F);
  const std::vector<std::string> alone = {"the crane"};
  expect_near({{1, 8}, row_of(embedding, 2400)}, encoder.embed(alone));
  EXPECT_THAT(encoder.embed({}).shape, ElementsAre(0, 8));
  EXPECT_THAT(test::refusal<Cancelled>([&] { encoder.embed(texts, {}, {.progress = [](float) { return false; }}); }),
              HasSubstr("cancelled"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(test::refusal<Cancelled>([&] { encoder.embed(texts, {}, {.stop = stop.get_token()}); }),
              HasSubstr("cancelled"));
}

TEST(TextEncoder, TellsTheModelHowLongThePromptIs) {
  const auto encoder = text_encoder("st_prompt");
  const std::vector<std::string> texts = {"what ship"};
  const auto expected = encoder.model().encode(
      {.token_ids = {{2, 30, 16, 21, 6, 3}}, .prompt_tokens = {3}, .outputs = {EncoderOutput::embedding}});
  expect_near(encoder.embed(texts, {.prompt = "query: "}), expected.embedding);
  const std::vector<std::string> written = {"query: what ship"};
  EXPECT_NE(encoder.embed(written).values, expected.embedding.values) << "no prompt there";
}

/// What sentence-transformers 5.2 gives: the special token at the end is all that is left to be pooled.
TEST(TextEncoder, CutsAPromptAsItCutsTexts) {
  const auto encoder = text_encoder("st_prompt");
  const std::vector<std::string> texts = {"rain"};
  const auto found =
      encoder.embed(texts, {.prompt = "the ship is in the harbour and it rains ", .max_tokens = 6}).values;
  const float expected[] = {-0.3177854F, 0.4488914F, -0.9859637F, 0.0268620F};
  for (std::size_t i = 0; i < std::size(expected); ++i) EXPECT_NEAR(found[i], expected[i], 1e-5) << i;
}

TEST(TextEncoder, TakesEntriesOfTheTwoConfigurationsOnRequest) {
  const std::string model = BERTH_TEST_DATA_DIR "/encoders/st_dense";
  const auto first_of = [&](Value::Object configuration, Value::Object tokenizer, const char* text) {
    const auto encoder = TextEncoder::load(
        {.model = model, .configuration = std::move(configuration), .tokenizer_settings = std::move(tokenizer)});
    return encoder.embed(std::vector<std::string>{text}, {.max_tokens = 5}).values.front();
  };
  const auto usual = first_of({}, {}, "Where is the ship? two cranes");
  EXPECT_NEAR(first_of({}, {{"truncation_side", "left"}}, "Where is the ship? two cranes"), 0.3194085F, 1e-5);
  EXPECT_NE(first_of({}, {{"do_lower_case", false}}, "Where is the ship? two cranes"), usual);
  EXPECT_NE(first_of({{"num_hidden_layers", 1}}, {}, "Where is the ship? two cranes"), usual);
  EXPECT_EQ(first_of({}, {}, "Where is the ship? two cranes"), usual) << "each model is one of its own";
}

TEST(TextEncoder, ClassifiesPairs) {
  const auto encoder = text_encoder("modernbert_ranker");
  const std::vector<EncodeInput> pairs = {{"ship", "a harbour"}, {"ship", "rain"}};
  EXPECT_THAT(encoder.classify(pairs).shape, ElementsAre(2, 1));
  EXPECT_THAT(test::refusal([&] { text_encoder("st_dense").classify(pairs); }), HasSubstr("no classifier of texts"));
}

TEST(TextEncoder, IsLoadedOnceAndUsedFromSeveralThreads) {
  const auto encoder = text_encoder("st_dense");
  EXPECT_EQ(&text_encoder("st_dense").model(), &encoder.model());
  const std::vector<std::string> texts(50, "two cranes load the ship");
  const auto expected = encoder.embed(texts);
  std::vector<EncodedTensor> found(3);
  {
    std::vector<std::jthread> threads;
    for (auto& each : found) threads.emplace_back([&] { each = encoder.embed(texts); });
  }
  for (const auto& each : found) expect_near(each, expected);
}

/// A copy of a model with settings of sentence-transformers beside it.
class SettingsBesideATextEncoder : public testing::Test {
 protected:
  SettingsBesideATextEncoder() {
    std::filesystem::copy(BERTH_TEST_DATA_DIR "/encoders/st_dense", folder_.path(),
                          std::filesystem::copy_options::recursive);
  }
  TextEncoder with(const std::string& file, const std::string& text) const {
    std::ofstream(folder_.path() / file) << text;
    return TextEncoder::load({.model = folder_.path().string()});
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(SettingsBesideATextEncoder, SayHowManyTokensCount) {
  EXPECT_EQ(with("tokenizer_config.json", R"({"model_max_length": 30})").max_tokens(), 30U);
  EXPECT_EQ(with("sentence_bert_config.json", R"({"max_seq_length": 12, "do_lower_case": true})").max_tokens(), 12U);
  EXPECT_EQ(with("sentence_bert_config.json", R"({"max_seq_length": 512})").max_tokens(), 40U)
      << "what the model takes";
  EXPECT_THAT(test::refusal<FormatError>([&] { with("sentence_bert_config.json", R"({"max_seq_length": "x"})"); }),
              AllOf(HasSubstr("sentence_bert_config.json"), HasSubstr("a number of tokens")));
}

TEST_F(SettingsBesideATextEncoder, OfTheTokenizerAloneCountForTransformers) {
  with("tokenizer_config.json", R"({"model_max_length": 30})");
  const auto encoder = with("sentence_bert_config.json", R"({"max_seq_length": 12})");
  EXPECT_EQ(encoder.tokenizer_max_tokens(), 30U);
  EXPECT_EQ(encoder.pair_max_tokens(), 30U);
}

TEST_F(SettingsBesideATextEncoder, SayAtWhichSideATextIsCut) {
  const auto encoder = with("tokenizer_config.json", R"({"truncation_side": "left"})");
  const auto cut = encoder.encode({.inputs = {{"two ships"}}, .truncation = Truncation{.max_length = 4}});
  EXPECT_THAT(cut.encodings[0].tokens, ElementsAre("[CLS]", "ship", "##s", "[SEP]"));
}

TEST(TextEncoder, WithoutATableOfPositionsIsCutWhereSentenceTransformersDoes) {
  const auto encoder = text_encoder("modernbert_ranker");
  EXPECT_EQ(encoder.tokenizer_max_tokens(), 32768U);
  EXPECT_EQ(encoder.pair_max_tokens(), 40U);
  EXPECT_EQ(encoder.max_tokens(), 40U);
}

TEST(TextEncoder, CountsOnTheLengthInTheFolderOfItsTransformer) {
  const test::TemporaryFolder folder;
  const auto transformer = folder.path() / "0_Transformer";
  std::filesystem::copy(BERTH_TEST_DATA_DIR "/encoders/modernbert_ranker", transformer);
  std::ofstream(folder.path() / "modules.json")
      << R"([{"type": "sentence_transformers.models.Transformer", "path": "0_Transformer"}])";
  const TextEncoderRequest request{.model = folder.path().string()};
  EXPECT_EQ(TextEncoder::memory(request), TextEncoder::memory(request, 32768));
  std::ofstream(transformer / "sentence_bert_config.json") << R"({"max_seq_length": 1000})";
  EXPECT_EQ(TextEncoder::load(request).max_tokens(), 1000U);
  EXPECT_EQ(TextEncoder::memory(request), TextEncoder::memory(request, 1000));
  EXPECT_LT(TextEncoder::memory(request)[0].compute, TextEncoder::memory(request, 32768)[0].compute);
}

TEST_F(SettingsBesideATextEncoder, NamePrompts) {
  const auto encoder = with("config_sentence_transformers.json",
                            R"({"prompts": {"query": "query: ", "none": ""}, "default_prompt_name": "query"})");
  EXPECT_EQ(encoder.prompts().at("query"), "query: ");
  EXPECT_EQ(encoder.prompts().at("document"), "") << "each model has it";
  const std::vector<std::string> bare = {"ship"};
  const std::vector<std::string> prompted = {"query: ship"};
  expect_near(encoder.embed(bare), encoder.embed(prompted, {.prompt = ""}));
  EXPECT_THAT(test::refusal<FormatError>(
                  [&] { with("config_sentence_transformers.json", R"({"default_prompt_name": "passage"})"); }),
              HasSubstr("the name of one of its prompts"));
}

TEST(TextEncoder, RefusesAFolderWithoutATokenizer) {
  EXPECT_THAT(test::refusal<FormatError>([] { text_encoder("bert_model"); }), HasSubstr("neither tokenizer.json"));
}

}  // namespace
}  // namespace berth
