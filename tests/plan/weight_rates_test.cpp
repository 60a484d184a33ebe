#include "plan/speed/weight_rates.h"

#include <gtest/gtest.h>

#include "berth/plan.h"
#include "plan/small_model.h"

namespace berth::plan {
namespace {

const DeviceSpeed speed{.memory_bytes_per_s = 100e9,
                        .flops = 1e12,
                        .types = {{"Q4_K", 50e9, 2e12}, {"Q8_0", 80e9, 3e12}, {"BF16", 90e9, 0}}};

TEST(WeightRates, AreThoseOfTheTypeOfTheWeights) {
  EXPECT_EQ(weight_rates(speed, {{"Q4_K", 1e9, 2e9}}).bytes_per_s, 50e9);
  EXPECT_EQ(weight_rates(speed, {{"Q4_K", 1e9, 2e9}}).flops, 2e12);
  EXPECT_EQ(weight_rates(speed, {{"F16", 1e9, 5e8}}).bytes_per_s, 100e9);
  EXPECT_EQ(weight_rates(speed, {{"BF16", 1e9, 5e8}}).flops, 1e12) << "what was not measured is that of F16";
}

TEST(WeightRates, ATypeThatWasNotMeasuredCountsAsTheNearestInBits) {
  EXPECT_EQ(weight_rates(speed, {{"Q3_K", 1e9, 2e9}}).bytes_per_s, 50e9);
  EXPECT_EQ(weight_rates(speed, {{"Q8_1", 1e9, 1e9}}).bytes_per_s, 80e9);
  EXPECT_EQ(weight_rates(speed, {{"F32", 1e9, 2.5e8}}).bytes_per_s, 100e9);
  EXPECT_EQ(weight_rates(speed, {{"F8_E4M3", 1e9, 1e9}}).bytes_per_s, 100e9) << "ggml has no such type";
}

TEST(WeightRates, TakeAsLongAsAllSharesTogether) {
  const auto rates = weight_rates(speed, {{"Q4_K", 3e9, 6e9}, {"F16", 1e9, 5e8}});
  EXPECT_NEAR(4e9 / rates.bytes_per_s, 3e9 / 50e9 + 1e9 / 100e9, 1e-9);
  EXPECT_NEAR(6.5e9 / rates.flops, 6e9 / 2e12 + 5e8 / 1e12, 1e-9);
  auto with_rows = speed;
  for (auto& type : with_rows.types) type.row_s = 1e-9;
  EXPECT_NEAR(3e9 / weight_rates(with_rows, {{"Q4_K", 3e9, 6e9, 1e6}}).bytes_per_s, 3e9 / 50e9 + 1e-3, 1e-9);
  EXPECT_EQ(weight_rates(speed, {}).bytes_per_s, 100e9);
  EXPECT_EQ(weight_rates({.memory_bytes_per_s = 1e9}, {{"F16", 1e9, 5e8}}).flops, 0) << "it was not measured";
}

TEST(WeightRates, ArePartOfWhatAPlanPredicts) {
  auto machine = simulate("cpu:8GiB");
  machine.devices[0].speed = DeviceSpeed{.memory_bytes_per_s = 100e9, .flops = 1e12};
  auto model = test::small_model("llama", {}, 8);
  for (auto& tensor : model.tensors) tensor.type = "Q8_0";
  const auto speed_now = [&] {
    return make_plan(model, machine, {.context = {.n_ctx = 512}}).predicted->decode_tokens_per_s;
  };
  machine.devices[0].speed->operation_s = 1e-15;
  const auto by_f16 = speed_now();
  machine.devices[0].speed->types = {{"Q8_0", 50e9, 1e12}};
  EXPECT_NEAR(speed_now(), by_f16 / 2, by_f16 * 1e-6);
  // What each operation takes comes on top, and what each row does.
  const auto by_q8 = speed_now();
  machine.devices[0].speed->operation_s = 1e-6;
  const auto operations = (1 / speed_now() - 1 / by_q8) * 1e6;
  EXPECT_GT(operations, 8 * 15);
  EXPECT_LT(operations, 8 * 25);
  machine.devices[0].speed->operation_s = 1e-15;
  machine.devices[0].speed->types[0].row_s = 10e-9;
  EXPECT_LT(speed_now(), by_q8);
}

}  // namespace
}  // namespace berth::plan
