#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "berth/engine.h"
#include "berth/inventory.h"
#include "engine/engine_probes.h"

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
  EXPECT_THAT(refusal("BERTH_PROBES", "cpu,cudo"),
              HasSubstr("BERTH_PROBES: There is no probe 'cudo'; there are cpu, "));
  for (const char* wrong : {"", "0", "-1", "2s", "99999999999", "x"})
    EXPECT_THAT(refusal("BERTH_PROBE_TIMEOUT", wrong), HasSubstr("BERTH_PROBE_TIMEOUT is a number of milliseconds"));
  EXPECT_EQ(refusal("BERTH_PROBES", ""), "nothing was refused");
}

/// The engines of this build as if they had been built for GPUs, and the machine that they are asked on.
class EngineInAChild : public testing::Test {
 protected:
  EngineInAChild() {
    for (auto& each : engines_) each.in_child = true;
  }
  ~EngineInAChild() override { std::filesystem::remove_all(folder_); }

  void SetUp() override {
    if (engines_.empty()) GTEST_SKIP() << "this build has no engine";
  }

  /// From now on the engine's process is this shell script.
  void script(const std::string& text) {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "berth-engine-probe") << "#!/bin/sh\n" << text;
    chmod((folder_ / "berth-engine-probe").c_str(), 0755);
    machine_.environment["BERTH_PROBE_HELPER"] = folder_ / "berth-probe";
  }

  Inventory take() const { return take_inventory(machine_, options_, engines_); }

  discovery::Machine machine_ = discovery::Machine::this_one();
  DiscoverOptions options_ = DiscoverOptions::engines_only();
  std::vector<discovery::Probe> engines_{engine_probes().begin(), engine_probes().end()};
  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("engine_in_a_child_" + std::to_string(getpid()));
};

/// Nothing can be run on it, as the engine would hang or crash in this process too.
void expect_a_cpu_without_engines(const Inventory& inventory) {
  const auto* cpu = inventory.find(Device::cpu());
  ASSERT_NE(cpu, nullptr);
  EXPECT_GT(cpu->total_bytes, 0U);
  EXPECT_THAT(cpu->engines, testing::IsEmpty());
}

TEST_F(EngineInAChild, AnswersAsInThisProcess) {
  options_.probe_timeout = std::chrono::minutes(1);
  const auto inventory = take();
  auto here = take_inventory(machine_, options_, engine_probes());
  ASSERT_EQ(inventory.probes.size(), here.probes.size());
  EXPECT_EQ(inventory.probes[0].outcome, ProbeOutcome::found) << inventory.probes[0].message;
  EXPECT_EQ(inventory.probes[0].library_version, here.probes[0].library_version);
  ASSERT_EQ(inventory.devices.size(), here.devices.size());
  for (std::size_t i = 0; i < here.devices.size(); ++i) {
    here.devices[i].free_bytes = inventory.devices[i].free_bytes;
    EXPECT_EQ(inventory.devices[i], here.devices[i]);
  }
}

TEST_F(EngineInAChild, ThatHangsCostsAReport) {
  script("exec sleep 600\n");
  options_.probe_timeout = std::chrono::milliseconds(300);
  const auto inventory = take();
  ASSERT_EQ(inventory.probes.size(), 1U);
  EXPECT_EQ(inventory.probes[0].probe, "llama.cpp");
  EXPECT_EQ(inventory.probes[0].outcome, ProbeOutcome::timed_out);
  EXPECT_THAT(inventory.probes[0].message, testing::AllOf(HasSubstr("No answer in 300 ms"),
                                                          HasSubstr("nvidia-smi -pm 1"), HasSubstr("hide its GPUs")));
  expect_a_cpu_without_engines(inventory);
}

TEST_F(EngineInAChild, ThatCrashesCostsAReport) {
  script("kill -ABRT $$\n");
  options_.probe_timeout = std::chrono::minutes(1);
  const auto inventory = take();
  EXPECT_EQ(inventory.probes[0].outcome, ProbeOutcome::crashed);
  EXPECT_THAT(inventory.probes[0].message, testing::AllOf(HasSubstr("SIGABRT"), HasSubstr("hide its GPUs")));
  expect_a_cpu_without_engines(inventory);
}

TEST_F(EngineInAChild, IsSkippedWithoutChildProcesses) {
  options_.child_processes = false;
  const auto inventory = take();
  EXPECT_EQ(inventory.probes[0].outcome, ProbeOutcome::skipped);
  expect_a_cpu_without_engines(inventory);
}

TEST_F(EngineInAChild, WhoseProgramIsMissingSaysWhatToDo) {
  script("");
  std::filesystem::remove(folder_ / "berth-engine-probe");
  const auto inventory = take();
  EXPECT_EQ(inventory.probes[0].outcome, ProbeOutcome::failed);
  EXPECT_THAT(inventory.probes[0].message, HasSubstr("has no berth-engine-probe beside it"));
}

TEST(Discover, AsksAnEngineBuiltForTheCpuInThisProcess) {
  DiscoverOptions options = DiscoverOptions::engines_only();
  options.child_processes = false;
  for (const auto& each : engine_probes()) {
    if (each.in_child) GTEST_SKIP() << "this build has an engine for GPUs";
    EXPECT_EQ(discover(options).probes.at(0).outcome, ProbeOutcome::found);
  }
}

}  // namespace
}  // namespace berth
