// What the probe of Level Zero says of ordinary trouble.
#include <gmock/gmock.h>

#include "discover/recorded_machine.h"
#include "discover/run_probes.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

TEST(LevelZeroProbe, SaysWhatToInstallAndWhatIsOnTheBus) {
  RecordedMachine machine("laptop_npu");
  machine.drivers.erase("libraries");
  const auto found = run_probe("level_zero", machine.machine());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::no_driver);
  EXPECT_THAT(found.report.message,
              AllOf(HasSubstr("libze1"), HasSubstr("intel-level-zero-npu"), HasSubstr("8086:7d1d at 0000:00:0b.0")));
  EXPECT_THAT(found.sightings, SizeIs(2));
}

TEST(LevelZeroProbe, SaysNothingOfAGuestOfWindowsWithoutIt) {
  const RecordedMachine machine;
  machine.write("dev/dxg", "");
  EXPECT_EQ(run_probe("level_zero", machine.machine()).report.outcome, ProbeOutcome::nothing);
}

TEST(LevelZeroProbe, ToldOfALoaderWithoutADriver) {
  RecordedMachine machine("laptop_npu");
  machine.drivers.erase("level_zero");
  const auto found = run_probe("level_zero", machine.machine());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::no_driver);
  EXPECT_THAT(found.report.message, HasSubstr("finds no driver"));
}

TEST(LevelZeroProbe, BlamesADeviceNodeThatMayNotBeOpened) {
  RecordedMachine machine("laptop_npu");
  machine.drivers.erase("level_zero");
  machine.remove("dev/dri/renderD128");
  const auto found = run_probe("level_zero", machine.machine());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::no_permission);
  EXPECT_THAT(found.report.message, HasSubstr("dev/dri/renderD128"));
}

TEST(LevelZeroProbe, KnowsADriverThatIsTooOld) {
  RecordedMachine machine("laptop_npu");
  machine.drivers["faults"]["zeInit"] = 0x78000002;
  EXPECT_EQ(run_probe("level_zero", machine.machine()).report.outcome, ProbeOutcome::driver_too_old);
}

TEST(LevelZeroProbe, ListsTilesAsTheVariablesSay) {
  struct Case {
    std::map<std::string, std::string> environment;
    std::vector<std::string> expected;
  };
  const std::string card = "8680d50b-2f00-0000-";
  const std::vector<Case> cases{
      {{{"ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE"}},
       {"xpu:0 " + card + "2900-000000000000", "xpu:1 " + card + "9a00-000000000000"}},
      {{{"ZE_AFFINITY_MASK", "3,0"}}, {"xpu:0 " + card + "2900-000000000001", "xpu:1 " + card + "9a00-000000000002"}},
      {{{"ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE"}, {"ZE_AFFINITY_MASK", "1.0"}},
       {"xpu:0 " + card + "9a00-000000000001"}},
      {{{"ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE"}, {"ZE_AFFINITY_MASK", "0.0,0.1"}},
       {"xpu:0 " + card + "2900-000000000000"}},
      {{{"ZE_AFFINITY_MASK", "0,1,2"}, {"ONEAPI_DEVICE_SELECTOR", "level_zero:2"}},
       {"xpu:0 " + card + "9a00-000000000001"}},
  };
  for (const auto& [environment, expected] : cases) {
    RecordedMachine machine("server_intel_tiles");
    machine.environment = environment;
    EXPECT_THAT(names_of(run_probe("level_zero", machine.machine())), testing::ElementsAreArray(expected))
        << environment.rbegin()->first << '=' << environment.rbegin()->second;
  }
}

TEST(LevelZeroProbe, PutsWhatPyTorchLeavesOutLast) {
  RecordedMachine machine("workstation_amd_intel");
  auto& devices = machine.drivers["level_zero"]["drivers"][0]["devices"];
  const nlohmann::json inside{{"type", "gpu"},
                              {"name", "Intel(R) UHD Graphics 770"},
                              {"pci", "0000:00:02.0"},
                              {"integrated", true},
                              {"memory", 1 << 30}};
  devices.insert(devices.begin(), inside);
  const auto found = run_probe("level_zero", machine.machine());
  ASSERT_THAT(found.devices, SizeIs(2));
  EXPECT_EQ(found.devices[0].name, "Intel(R) Arc(TM) A770 Graphics");
  EXPECT_EQ(found.devices[1].name, "Intel(R) UHD Graphics 770");
  EXPECT_THAT(found.devices[1].note, HasSubstr("PyTorch leaves it out"));
}

TEST(LevelZeroProbe, NamesTheVariablesThatHideAll) {
  RecordedMachine machine("workstation_amd_intel");
  machine.environment["ONEAPI_DEVICE_SELECTOR"] = "opencl:*";
  const auto found = run_probe("level_zero", machine.machine());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::hidden);
  EXPECT_THAT(found.report.message, HasSubstr("ONEAPI_DEVICE_SELECTOR"));
}

}  // namespace
}  // namespace berth::test
