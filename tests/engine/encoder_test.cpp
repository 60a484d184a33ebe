/// Encoders: equal to transformers, whatever the batch, and wherever their weights lie.
#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "berth/encoder.h"
#include "berth/error.h"
#include "berth/running.h"
#include "encoder_cases.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const std::filesystem::path encoders = BERTH_TEST_DATA_DIR "/encoders";

std::shared_ptr<const EncoderModel> load_case(const std::string& name, ComponentDevice device = Device::cpu(),
                                              Precision precision = Precision::float32) {
  return load_encoder({.model = encoders / name, .device = std::move(device), .precision = precision});
}

class EncoderCase : public testing::TestWithParam<std::string> {};

TEST_P(EncoderCase, EqualsTransformers) {
  const auto model = load_case(GetParam());
  const auto expected = test::read_json_file(encoders / (GetParam() + ".expected.json"));
  EXPECT_EQ(model->info().model_class, expected.find("architecture")->as_string());
  test::EncoderComparison comparison(*model, expected);
  EXPECT_LE(comparison.run(), test::encoder_tolerance) << comparison.where();
  EXPECT_GT(comparison.compared(), 100U);
}

std::vector<float> states_with(const std::string& name, Value::Object configuration,
                               std::vector<std::int32_t> ids = {2, 5, 6, 7, 3}) {
  const auto model = load_encoder({.model = encoders / name, .configuration = std::move(configuration)});
  return model->encode({.token_ids = {std::move(ids)}, .outputs = {EncoderOutput::hidden_states}}).hidden_states.values;
}

/// `expected` are the first three numbers of the first and of the last token, recorded from transformers 4.57.
void expect_states(const std::vector<float>& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.size(), 5U * 16U);
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(found[i < 3 ? i : 4U * 16U + i - 3], expected[i], 1e-4) << i;
}

/// Tiny models have as many buckets as large ones, and texts that are shorter than a half of those.
TEST(Encoder, HasMoreBucketsThanDistancesWhereTheConfigurationSaysSo) {
  const auto with = [](int distances) { return states_with("deberta_v3_qa", {{"max_relative_positions", distances}}); };
  expect_states(with(5), {1.3399098F, -0.6912856F, -1.3710047F, 1.2223556F, 0.5430333F, -1.8887488F});
  expect_states(with(4), {0.4964682F, -0.5380219F, -1.5248452F, 1.8995643F, 0.464909F, -1.2409655F});
  expect_states(with(3), {1.3829937F, -0.8825238F, -1.4257038F, 1.6056396F, 0.8620103F, -1.5781235F});
  expect_states(with(2), {0.8039696F, -0.5855854F, -1.4760027F, 1.4536982F, 0.4414611F, -1.7962703F});
}

TEST(Encoder, OfADecoderSeesNothingBehindAToken) {
  expect_states(states_with("bert_model", {{"is_decoder", true}}),
                {0.6829411F, -0.2119023F, 0.1544630F, 0.1924211F, -1.6540389F, 0.2895306F});
  expect_states(states_with("roberta_nli", {{"is_decoder", true}}),
                {0.5783395F, -1.6001385F, 0.8103294F, 0.5891787F, -1.8973299F, -0.3423825F});
  expect_states(states_with("electra_nli", {{"is_decoder", true}}),
                {-0.5994053F, -1.3960481F, 1.0045283F, 0.1827857F, -1.0203239F, -0.0832699F});
  const auto all = states_with("bert_model", {{"is_decoder", true}});
  const auto start = states_with("bert_model", {{"is_decoder", true}}, {2, 5, 6});
  for (std::size_t i = 0; i < start.size(); ++i) EXPECT_NEAR(start[i], all[i], 1e-5);
  EXPECT_THAT(test::refusal<FormatError>([] {
                states_with("bert_relative_key", {{"is_decoder", true}});
              }),
              HasSubstr("is_decoder"));
}

TEST(Encoder, WithoutAKindOfPositionsEmbedsNone) {
  const auto found = states_with("bert_model", {{"position_embedding_type", nullptr}});
  EXPECT_NEAR(found[4 * 16], 0.4602315F, 1e-4);
}

TEST(Encoder, TellsWhichGivenEntriesHaveNoEffect) {
  std::vector<std::string> told;
  load_encoder({.model = encoders / "distilbert_nli",
                .configuration = {{"num_hidden_layers", 1}, {"dropout", 0.5}, {"model_type", "bert"}}},
               {.log = [&](LogLevel, std::string_view text) { told.emplace_back(text); }});
  EXPECT_THAT(told, ElementsAre(HasSubstr("'dropout'"), HasSubstr("'model_type'")));
}

TEST(Encoder, IsAmongTheModelsThatRunWithWhatItHolds) {
  const test::TemporaryFolder folder;
  setenv("BERTH_RUN_DIR", folder.path().c_str(), 1);
  {
    const auto model = load_case("bert_model");
    const auto bytes = [](const std::vector<DeviceUse>& uses) {
      std::uint64_t sum = 0;
      for (const auto& use : uses) sum += use.total();
      return sum;
    };
    const auto before = running_models();
    ASSERT_EQ(before.size(), 1U);
    EXPECT_EQ(before[0].path, model->info().path);
    EXPECT_GE(bytes(before[0].held) + bytes(before[0].kept), model->info().weight_bytes);
    model->encode({.token_ids = {{1, 2, 3}}, .outputs = {EncoderOutput::hidden_states}});
    EXPECT_GT(bytes(running_models().at(0).held), bytes(before[0].held)) << "with the buffers of the computation";
  }
  EXPECT_TRUE(running_models().empty());
  unsetenv("BERTH_RUN_DIR");
}

INSTANTIATE_TEST_SUITE_P(Encoders, EncoderCase, testing::ValuesIn(test::encoder_cases(encoders)),
                         [](const auto& each) { return each.param; });

/// Sequences of many lengths, some of them several times.
EncodeRequest random_request(const EncoderInfo& info, std::size_t sequences, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };
  EncodeRequest request{.outputs = {EncoderOutput::hidden_states, EncoderOutput::embedding}};
  for (std::size_t i = 0; i < sequences; ++i) {
    request.token_ids.emplace_back(1 + below(std::min<std::size_t>(info.max_sequence_tokens, 38)));
    for (auto& id : request.token_ids.back()) id = static_cast<std::int32_t>(below(info.vocabulary_size));
  }
  return request;
}

double largest_difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max<double>(largest, std::abs(a[i] - b[i]));
  return largest;
}

TEST(Encoder, GivesEachSequenceTheSameAloneAsAmongOthers) {
  for (const auto* name :
       {"bert_model", "roberta_nli", "mpnet_model", "modernbert_model", "deberta_nli", "deberta_v2_ner"}) {
    const auto model = load_case(name);
    const auto request = random_request(model->info(), 40, 7);
    const auto together = model->encode(request);
    for (std::size_t i = 0; i < request.token_ids.size(); ++i) {
      const auto alone = model->encode({.token_ids = {request.token_ids[i]}, .outputs = request.outputs});
      const auto width = together.hidden_states.width();
      const auto rows = std::span(together.hidden_states.values)
                            .subspan(together.first_token[i] * width, request.token_ids[i].size() * width);
      EXPECT_LE(largest_difference(rows, alone.hidden_states.values), 1e-5) << name << ", sequence " << i;
      EXPECT_LE(largest_difference(together.embedding.row(i), alone.embedding.values), 1e-5) << name;
    }
  }
}

TEST(Encoder, IsUsedFromSeveralThreads) {
  const auto model = load_case("deberta_v3_nli");
  const auto request = random_request(model->info(), 30, 3);
  const auto expected = model->encode(request);
  std::vector<EncodeResult> results(4);
  {
    std::vector<std::jthread> threads;
    for (auto& result : results) threads.emplace_back([&] { result = model->encode(request); });
  }
  for (const auto& result : results)
    EXPECT_LE(largest_difference(result.hidden_states.values, expected.hidden_states.values), 1e-5);
}

TEST(Encoder, TellsWhatItIs) {
  const auto nli = load_case("deberta_v3_nli")->info();
  EXPECT_EQ(nli.architecture, "deberta-v2");
  EXPECT_EQ(nli.task, EncoderTask::sequence_classification);
  EXPECT_THAT(nli.labels, ElementsAre("contradiction", "neutral", "entailment"));
  EXPECT_EQ(nli.layers, 2U);
  EXPECT_GT(nli.parameters, 5000U);
  EXPECT_EQ(load_case("roberta_nli")->info().max_sequence_tokens, 38U) << "40 places, two of them for padding";
  EXPECT_EQ(load_case("st_modes")->info().embedding_size, 96U) << "six poolings of 16";
  EXPECT_EQ(load_case("bert_model")->info().task, EncoderTask::none);
}

TEST(Encoder, OfNothingGivesNoRows) {
  const auto result = load_case("bert_nli")->encode({.outputs = {EncoderOutput::logits, EncoderOutput::embedding}});
  EXPECT_THAT(result.logits.shape, ElementsAre(0, 3));
  EXPECT_THAT(result.embedding.shape, ElementsAre(0, 16));
  EXPECT_THAT(result.first_token, ElementsAre(0));
  EXPECT_TRUE(result.hidden_states.shape.empty()) << "it was not asked for";
}

TEST(Encoder, TellsProgressAndIsCancelled) {
  const auto model = load_case("bert_model");
  const auto request = random_request(model->info(), 200, 5);
  std::vector<float> parts;
  const auto listen = [&](float part) {
    parts.push_back(part);
    return true;
  };
  model->encode(request, {.progress = listen});
  EXPECT_TRUE(std::ranges::is_sorted(parts));
  EXPECT_EQ(parts.back(), 1.0F);
  EXPECT_THAT(test::refusal<Cancelled>([&] { model->encode(request, {.progress = [](float) { return false; }}); }),
              HasSubstr("cancelled"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(test::refusal<Cancelled>([&] { model->encode(request, {.stop = stop.get_token()}); }),
              HasSubstr("cancelled"));
  EXPECT_THAT(test::refusal<Cancelled>(
                  [&] { load_encoder({.model = encoders / "bert_model"}, {.progress = [](float) { return false; }}); }),
              HasSubstr("cancelled"));
  EXPECT_EQ(model->encode(request).embedding.rows(), 200U) << "it can be used after that";
}

TEST(Encoder, InHalfPrecisionIsNearAndTakesHalfTheMemory) {
  const auto exact = load_case("bert_model");
  const auto request = random_request(exact->info(), 10, 1);
  const auto expected = exact->encode(request);
  for (const auto precision : {Precision::float16, Precision::bfloat16}) {
    const auto model = load_case("bert_model", Device::cpu(), precision);
    const auto result = model->encode(request);
    const auto difference = largest_difference(result.hidden_states.values, expected.hidden_states.values);
    EXPECT_LT(difference, precision == Precision::float16 ? 0.02 : 0.2);
    EXPECT_GT(difference, 0);
    EXPECT_LT(model->info().weight_bytes, exact->info().weight_bytes * 6 / 10);
  }
  EXPECT_EQ(precision_from_str("bfloat16"), Precision::bfloat16);
  EXPECT_EQ(precision_from_str(to_string(Precision::int8)), Precision::int8);
  EXPECT_THAT(test::refusal([] { precision_from_str("int7"); }), HasSubstr("float32"));
}

TEST(Encoder, InInt8PointsWhereItDoesInFloat32) {
  const auto exact = load_case("bert_model");
  const auto request = random_request(exact->info(), 10, 1);
  const auto expected = exact->encode(request).hidden_states;
  const auto result = load_case("bert_model", Device::cpu(), Precision::int8)->encode(request).hidden_states;
  ASSERT_EQ(result.shape, expected.shape);
  EXPECT_NE(result.values, expected.values);
  for (std::size_t row = 0; row < expected.rows(); ++row) {
    double dot = 0;
    double one = 0;
    double other = 0;
    for (std::size_t i = 0; i < expected.width(); ++i) {
      const double a = expected.row(row)[i];
      const double b = result.row(row)[i];
      dot += a * b;
      one += a * a;
      other += b * b;
    }
    EXPECT_GT(dot / std::sqrt(one * other), 0.999) << "token " << row;
  }
}

TEST(Encoder, SaysWhereItsWeightsLie) {
  const auto model = load_case("bert_nli");
  EXPECT_EQ(model->placement().at("bert.encoder.layer.1.output.dense.weight"), Device::cpu());
  const auto before = model->memory();
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0].weights, model->info().weight_bytes);
  EXPECT_EQ(before[0].compute, 0U);
  model->encode({.token_ids = {{5, 6}}});
  EXPECT_GT(model->memory()[0].compute, 0U);
}

std::string request_refusal(const EncoderModel& model, const EncodeRequest& request) {
  return test::refusal([&] { model.encode(request); });
}

TEST(Encoder, RefusesWhatItCannotCompute) {
  const auto model = load_case("bert_model");
  EXPECT_THAT(request_refusal(*model, {.token_ids = {{1}, {}}}), HasSubstr("Sequence 1 has no tokens"));
  EXPECT_THAT(request_refusal(*model, {.token_ids = {{1, 40}}}), AllOf(HasSubstr("token id 40"), HasSubstr("0 to 39")));
  EXPECT_THAT(request_refusal(*model, {.token_ids = {{1, -1}}}), HasSubstr("token id -1 at place 1"));
  EXPECT_THAT(request_refusal(*model, {.token_ids = {std::vector<std::int32_t>(41, 3)}}),
              AllOf(HasSubstr("41 tokens"), HasSubstr("40 at most")));
  EXPECT_THAT(request_refusal(*model, {.token_ids = {{1, 2}}, .token_type_ids = {{0, 2}}}), HasSubstr("token type 2"));
  EXPECT_THAT(request_refusal(*model, {.token_ids = {{1, 2}}, .token_type_ids = {{0}}}), HasSubstr("1 token types"));
  EXPECT_THAT(request_refusal(*model, {.token_ids = {{1, 2}}, .prompt_tokens = {1, 2}}),
              HasSubstr("2 lists of prompt"));
  EXPECT_THAT(request_refusal(*model, {.token_ids = {{1}}, .outputs = {EncoderOutput::logits}}),
              AllOf(HasSubstr("gives no logits"), HasSubstr("BertModel")));
  EXPECT_THAT(
      request_refusal(*load_case("distilbert_nli"), {.token_ids = {{1}}, .outputs = {EncoderOutput::pooler_output}}),
      HasSubstr("no pooler"));
}

}  // namespace
}  // namespace berth
