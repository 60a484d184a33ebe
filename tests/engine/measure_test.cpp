#include "berth/measure.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "berth/engine.h"
#include "berth/error.h"
#include "clean_environment.h"
#include "test_model.h"

namespace berth {
namespace {

class Measure : public testing::Test {
 protected:
  void SetUp() override {
    if (engines().empty()) GTEST_SKIP() << "this build has no engine";
  }

  Inventory measured(bool again = false) {
    options_.again = again;
    return measure(machine_, options_);
  }
  std::filesystem::path cache() const { return folder_.path() / "sub" / "speeds.json"; }
  Value::Object kept_speeds() const {
    std::ifstream file(cache());
    return Value::from_json(std::string(std::istreambuf_iterator<char>(file), {})).as_object();
  }

  test::TemporaryFolder folder_;
  MeasureOptions options_{.per_device = std::chrono::milliseconds(200),
                          .cache = cache(),
                          .progress = [this](std::string_view) { ++measurements_; }};
  Inventory machine_ = discover(DiscoverOptions::engines_only());
  int measurements_ = 0;
};

TEST_F(Measure, TellsHowFastTheCpuIs) {
  const auto inventory = measured();
  const auto* cpu = inventory.find(Device::cpu());
  ASSERT_TRUE(cpu->speed);
  EXPECT_GT(cpu->speed->memory_bytes_per_s, 1e8);
  EXPECT_LT(cpu->speed->memory_bytes_per_s, 1e14);
  EXPECT_GT(cpu->speed->flops, 1e8);
  EXPECT_LT(cpu->speed->flops, 1e16);
  EXPECT_EQ(inventory.probes.back().probe, "measure");
  EXPECT_GT(cpu->speed->operation_s, 0);
  EXPECT_LT(cpu->speed->operation_s, 0.1);
  EXPECT_THAT(cpu->speed->types, testing::SizeIs(9));
  for (const auto& [type, bytes_per_s, flops, row_s] : cpu->speed->types) {
    EXPECT_GT(bytes_per_s, 1e7) << type;
    EXPECT_LT(bytes_per_s, 1e14) << type;
    EXPECT_GT(flops, 1e7) << type;
    EXPECT_LT(flops, 1e16) << type;
    EXPECT_GE(row_s, 0) << type;
    EXPECT_LT(row_s, 1e-3) << type;
  }
}

TEST_F(Measure, KeepsWhatItMeasuredUntilTheDeviceChanges) {
  const auto first = measured();
  const int devices = measurements_;
  EXPECT_GT(devices, 0);
  EXPECT_EQ(measured().devices, first.devices);
  EXPECT_EQ(measurements_, devices) << "the second time comes from the file";
  measured(true);
  EXPECT_EQ(measurements_, 2 * devices);
  std::ranges::find(machine_.devices, Device::cpu(), &DeviceInfo::device)->name = "another one";
  measured();
  EXPECT_EQ(measurements_, 2 * devices + 1);
}

TEST_F(Measure, ADamagedFileIsNoReasonToFail) {
  std::filesystem::create_directories(cache().parent_path());
  for (const char* text : {"", "{", "[]", "null", "{\"x\": 1}", "\xff\xfe"}) {
    std::ofstream(cache()) << text;
    EXPECT_TRUE(measured().find(Device::cpu())->speed) << text;
  }
}

TEST_F(Measure, KeepsTheBetterOfTwoMeasurements) {
  measured();
  const auto keep = [&](double speed, double flops) {
    Value::Object kept;
    for (const auto& entry : kept_speeds())
      kept.set(entry.first, Value::Object{{"memory_bytes_per_s", speed}, {"flops", flops}, {"operation_s", 1e-12}});
    std::ofstream(cache()) << Value(kept).to_json();
  };
  keep(1, 1e20);
  const auto speed = measured(true).find(Device::cpu())->speed;
  EXPECT_GT(speed->memory_bytes_per_s, 1e8) << "what a busy machine measured does not stay";
  EXPECT_GT(speed->operation_s, 1e-12) << "it goes with the memory";
  EXPECT_EQ(speed->flops, 1e20) << "nor does a busy machine spoil what was measured before";
  EXPECT_EQ(measured().find(Device::cpu())->speed, speed);
  keep(1e18, 1);
  EXPECT_EQ(measured(true).find(Device::cpu())->speed->operation_s, 1e-12);
}

TEST_F(Measure, KeepsWhatOthersKeptMeanwhile) {
  options_.progress = [this](std::string_view) {
    std::filesystem::create_directories(cache().parent_path());
    std::ofstream(cache()) << R"({"of another process": {"memory_bytes_per_s": 5}})";
  };
  measured();
  EXPECT_TRUE(kept_speeds().contains("of another process"));
  EXPECT_GT(kept_speeds().size(), 1U);
}

TEST_F(Measure, GivesKeptSpeedsWithoutMeasuring) {
  EXPECT_EQ(with_kept_speeds(machine_, cache()), machine_) << "there are none";
  const auto inventory = measured();
  EXPECT_EQ(with_kept_speeds(machine_, cache()).devices, inventory.devices);
  EXPECT_EQ(with_kept_speeds(machine_, cache()).links, inventory.links);
  machine_.origin = InventoryOrigin::recorded;
  EXPECT_EQ(with_kept_speeds(machine_, cache()), machine_) << "it is not this machine's";
}

TEST_F(Measure, AFileWithoutAFolderIsKept) {
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  options_.cache = "speeds.json";
  const auto inventory = measured();
  std::filesystem::current_path(here);
  EXPECT_EQ(inventory.probes.back().outcome, ProbeOutcome::found);
  EXPECT_EQ(inventory.probes.back().notes, std::vector<std::string>());
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "speeds.json"));
}

TEST_F(Measure, AFileThatCannotBeWrittenIsANoteAndNoFailure) {
  std::ofstream(folder_.path() / "sub") << "no folder";
  const auto report = measured().probes.back();
  EXPECT_EQ(report.outcome, ProbeOutcome::found);
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_TRUE(report.notes[0].starts_with("What was measured is not kept: ")) << report.notes[0];
}

TEST_F(Measure, CanBeCancelledAndRefusesOtherMachines) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(measure(machine_, {.cache = {}, .stop = stop.get_token()}), Cancelled);
  machine_.origin = InventoryOrigin::recorded;
  EXPECT_THROW(measured(), std::invalid_argument);
}

TEST(MeasureOptions, KeepWhatWasMeasuredBesideTheModels) {
  const test::CleanEnvironment clean{{"XDG_CACHE_HOME"}};
  setenv("XDG_CACHE_HOME", "/x", 1);
  EXPECT_EQ(MeasureOptions::default_cache(), "/x/berth/speeds.json");
}

}  // namespace
}  // namespace berth
