#include <gmock/gmock.h>

#include <cstdlib>

#include "berth/engine.h"
#include "berth/inventory.h"

namespace berth {
namespace {

using testing::HasSubstr;

TEST(Discover, AlwaysFindsACpuWithMemory) {
  for (const bool engines : {true, false}) {
    DiscoverOptions options = DiscoverOptions::engines_only();
    options.engines = engines;
    const auto inventory = discover(options);
    const auto* cpu = inventory.find(Device::cpu());
    ASSERT_NE(cpu, nullptr);
    EXPECT_FALSE(cpu->name.empty());
    EXPECT_GT(cpu->total_bytes, 0U);
    EXPECT_GT(cpu->free_bytes, 0U);
    EXPECT_LE(cpu->free_bytes, cpu->total_bytes);
    EXPECT_EQ(cpu->engines.empty(), !engines || berth::engines().empty());
  }
}

TEST(Discover, FindsAValueThatCanBeSavedAndSaysWhereItWasTaken) {
  const auto inventory = discover();
  EXPECT_EQ(inventory.origin, InventoryOrigin::this_machine);
  EXPECT_EQ(inventory.taken_at.size(), 20U);
  EXPECT_FALSE(inventory.host.empty());
  for (const auto& info : inventory.devices) EXPECT_NE(inventory.pool(info.pool), nullptr) << info.device;
  const auto again = Inventory::from_dict(inventory.to_dict());
  EXPECT_EQ(again.origin, InventoryOrigin::recorded);
  EXPECT_EQ(again.devices, inventory.devices);
}

TEST(Discover, ReportsEachProbeThatWasAskedForInOrder) {
  DiscoverOptions options;
  options.probes = {"cuda", "cpu"};
  options.engines = false;
  options.child_processes = false;
  const auto inventory = discover(options);
  ASSERT_EQ(inventory.probes.size(), 2U);
  EXPECT_EQ(inventory.probes[0].probe, "cpu");
  EXPECT_EQ(inventory.probes[0].outcome, ProbeOutcome::found);
  EXPECT_EQ(inventory.probes[1].probe, "cuda");
  EXPECT_EQ(inventory.probes[1].outcome, ProbeOutcome::skipped);
}

TEST(Discover, RefusesWhatTheEnvironmentSaysWrongly) {
  const auto refusal = [](const char* name, const char* value) -> std::string {
    setenv(name, value, 1);
    std::string text = "nothing was refused";
    try {
      DiscoverOptions::from_environment();
    } catch (const std::invalid_argument& problem) {
      text = problem.what();
    }
    unsetenv(name);
    return text;
  };
  EXPECT_THAT(refusal("BERTH_PROBES", "cpu,cudo"), HasSubstr("BERTH_PROBES: There is no probe 'cudo'; there are cpu, "));
  for (const char* wrong : {"", "0", "-1", "2s", "99999999999", "x"})
    EXPECT_THAT(refusal("BERTH_PROBE_TIMEOUT", wrong), HasSubstr("BERTH_PROBE_TIMEOUT is a number of milliseconds"));
  EXPECT_EQ(refusal("BERTH_PROBES", ""), "nothing was refused");
}

}  // namespace
}  // namespace berth
