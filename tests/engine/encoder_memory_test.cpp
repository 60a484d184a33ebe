/// What an encoder holds of each device, said before it is loaded.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "berth/encoder.h"
#include "berth/inventory.h"
#include "berth/simulated.h"
#include "refusal.h"

namespace berth {
namespace {

using testing::HasSubstr;

const std::filesystem::path measured_encoders = BERTH_TEST_DATA_DIR "/encoders";

constexpr std::size_t longest_batch_tokens = 150;

/// Batches of many short sequences and of few long ones.
std::vector<EncodeRequest> encoder_batches_for(const EncoderInfo& info, const std::vector<EncoderOutput>& outputs) {
  std::mt19937 random(5);
  const auto most = std::min(info.max_sequence_tokens, longest_batch_tokens);
  std::vector<EncodeRequest> batches;
  for (const std::size_t longest : {std::size_t{3}, most / 2, most}) {
    EncodeRequest request{.outputs = outputs};
    std::uniform_int_distribution<std::size_t> length(1, longest);
    for (std::size_t tokens = 0; tokens < 700; tokens += request.token_ids.back().size())
      request.token_ids.emplace_back(length(random), 5);
    request.token_ids.emplace_back(most, 5);
    batches.push_back(std::move(request));
  }
  return batches;
}

/// Loads and computes, and compares what is held then with what was said before.
void expect_encoder_holds(const EncoderRequest& request, const std::vector<EncoderOutput>& outputs) {
  SCOPED_TRACE(request.model.filename().string() + " in " + std::string(to_string(request.precision)));
  const auto planned = memory_of(request, {.outputs = outputs, .max_tokens = longest_batch_tokens});
  const auto model = load_encoder(request);
  for (const auto& batch : encoder_batches_for(model->info(), outputs)) model->encode(batch);
  const auto held = model->memory();
  ASSERT_EQ(planned.size(), held.size());
  for (std::size_t i = 0; i < held.size(); ++i) {
    SCOPED_TRACE(held[i].device.str());
    EXPECT_EQ(planned[i].device, held[i].device);
    EXPECT_EQ(planned[i].key, held[i].key);
    EXPECT_EQ(planned[i].weights, held[i].weights);
    EXPECT_GE(planned[i].compute, held[i].compute);
  }
}

TEST(EncoderMemory, IsWhatTheModelHoldsThen) {
  for (const auto precision : {Precision::float32, Precision::float16, Precision::int8})
    for (const auto* name :
         {"bert_model", "deberta_nli", "deberta_v3_nli", "modernbert_model", "mpnet_model", "st_dense"})
      expect_encoder_holds({.model = measured_encoders / name, .precision = precision}, {EncoderOutput::embedding});
  expect_encoder_holds({.model = measured_encoders / "bert_mlm"}, {EncoderOutput::logits});
  expect_encoder_holds({.model = measured_encoders / "bert_nli"},
                       {EncoderOutput::logits, EncoderOutput::hidden_states, EncoderOutput::pooler_output});
}

TEST(EncoderMemory, IsCloseWhereBatchesAreLarge) {
  const EncoderRequest request{.model = measured_encoders / "bert_model"};
  const auto model = load_encoder(request);
  for (const auto& batch : encoder_batches_for(model->info(), {EncoderOutput::embedding})) model->encode(batch);
  EXPECT_LE(memory_of(request, {.max_tokens = longest_batch_tokens})[0].compute, 4 * model->memory()[0].compute);
}

TEST(EncoderMemory, IsThatOfEachDevice) {
  const auto machine = simulate("cpu:8GiB,vulkan:2x1GiB");
  use_simulated(machine);
  const Device first(DeviceType::vulkan, 0);
  const Device second(DeviceType::vulkan, 1);
  const DeviceMap map{{"", first}, {"encoder.layer.1", second}, {"classifier", Device::cpu()}};
  for (const auto* name : {"mpnet_nli", "deberta_v3_nli", "bert_ner"})
    expect_encoder_holds({.model = measured_encoders / name, .device = map, .keys = machine.keys(map)},
                         {EncoderOutput::logits});
}

TEST(EncoderMemory, OfWhatCannotBeLoadedIsTheSameError) {
  EXPECT_THAT(test::refusal<std::exception>([] { memory_of({.model = measured_encoders / "no_such_model"}); }),
              HasSubstr("no_such_model"));
}

}  // namespace
}  // namespace berth
