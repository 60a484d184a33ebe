#include "plan/speed/known_hardware.h"

#include <gtest/gtest.h>

#include "berth/plan.h"
#include "plan/small_model.h"

namespace berth::plan {
namespace {

TEST(KnownHardware, IsFoundByTheNameThatADriverGives) {
  const auto h200 = known_rates("NVIDIA H200");
  ASSERT_TRUE(h200);
  EXPECT_NEAR(h200->bytes_per_s, 3976e9, 1e6) << "as it was measured";
  EXPECT_NEAR(h200->flops, 750e12, 1e6);
  EXPECT_EQ(h200->source, "NVIDIA's data sheets");
  EXPECT_EQ(known_rates("Apple M3 Max")->source, "Apple's technical specifications");
  EXPECT_GT(known_rates("NVIDIA GeForce RTX 4070 Ti SUPER")->bytes_per_s,
            known_rates("NVIDIA GeForce RTX 4070 Ti")->bytes_per_s);
  EXPECT_GT(known_rates("AMD Instinct MI300X")->bytes_per_s, known_rates("AMD Radeon RX 7900 XTX")->bytes_per_s);
}

TEST(KnownHardware, IsNotGuessedFromASimilarName) {
  for (const auto* name : {"", "CPU", "NVIDIA GeForce RTX 4090 Laptop GPU", "NVIDIA A100 80GB PCIe MIG 2g.20gb",
                           "NVIDIA GeForce RTX 4090 D", "Tesla M40", "NVIDIA GeForce GT 710", "simulated cuda:0"})
    EXPECT_FALSE(known_rates(name)) << name;
}

TEST(KnownHardware, TellsDevicesApartThatNobodyMeasured) {
  auto machine = simulate("cpu:1GiB,cuda:2GiB,cuda:2GiB");
  machine.devices[1].name = "NVIDIA GeForce RTX 3060";
  machine.devices[2].name = "NVIDIA H100 80GB HBM3";
  const auto plan = make_plan(test::small_model("llama", {}, 4), machine, {.context = {.n_ctx = 512}});
  ASSERT_EQ(plan.outcome, PlanOutcome::fits);
  EXPECT_EQ(plan.placement.output, Device::gpu(1));
  EXPECT_FALSE(plan.predicted->measured);
  const Reason rates{"rates", "of cuda:0, cuda:1: by NVIDIA's data sheets, as they were not measured"};
  EXPECT_NE(std::ranges::find(plan.reasons, rates), plan.reasons.end());
}

}  // namespace
}  // namespace berth::plan
