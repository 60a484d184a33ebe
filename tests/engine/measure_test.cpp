#include "berth/measure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "berth/engine.h"
#include "berth/error.h"
#include "test_model.h"

namespace berth {
namespace {

class Measure : public testing::Test {
 protected:
  void SetUp() override {
    if (engines().empty()) GTEST_SKIP() << "this build has no engine";
  }

  Inventory measured(bool again = false) {
    return measure(machine_, {.per_device = std::chrono::milliseconds(200),
                              .cache = cache(),
                              .again = again,
                              .progress = [this](std::string_view) { ++measurements_; }});
  }
  std::filesystem::path cache() const { return folder_.path() / "sub" / "speeds.json"; }

  test::TemporaryFolder folder_;
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
}

TEST_F(Measure, KeepsWhatItMeasuredUntilTheDeviceChanges) {
  const auto first = measured();
  const int devices = measurements_;
  EXPECT_GT(devices, 0);
  EXPECT_EQ(measured().devices, first.devices);
  EXPECT_EQ(measurements_, devices) << "the second time comes from the file";
  measured(true);
  EXPECT_EQ(measurements_, 2 * devices);
  std::ranges::find(machine_.devices, Device::cpu(), &DeviceInfo::device)->driver = "another one";
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

TEST_F(Measure, CanBeCancelledAndRefusesOtherMachines) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(measure(machine_, {.cache = {}, .stop = stop.get_token()}), Cancelled);
  machine_.origin = InventoryOrigin::recorded;
  EXPECT_THROW(measured(), std::invalid_argument);
}

TEST(MeasureOptions, KeepWhatWasMeasuredBesideTheModels) {
  const char* const before = std::getenv("XDG_CACHE_HOME");
  const std::optional<std::string> saved = before == nullptr ? std::nullopt : std::optional<std::string>(before);
  setenv("XDG_CACHE_HOME", "/x", 1);
  EXPECT_EQ(MeasureOptions::default_cache(), "/x/berth/speeds.json");
  saved ? setenv("XDG_CACHE_HOME", saved->c_str(), 1) : unsetenv("XDG_CACHE_HOME");
}

}  // namespace
}  // namespace berth
