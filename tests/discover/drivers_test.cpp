// What the probes of OpenCL, OpenVINO and Metal say of ordinary trouble.
#include <gmock/gmock.h>

#include "discover/merge.h"
#include "discover/probes.h"
#include "discover/recorded_machine.h"
#include "discover/run_probes.h"

namespace berth::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(OpenClProbe, FindsTheAddressInEachWay) {
  for (const char* by : {"khr", "amd", "nv"}) {
    RecordedMachine machine("workstation_amd_intel");
    machine.drivers["opencl"]["platforms"][0]["devices"][1]["pci_by"] = by;
    const auto found = run_probe("opencl", machine.machine());
    ASSERT_GE(found.sightings.size(), 2U);
    EXPECT_EQ(found.sightings[1].pci_id, "0000:0f:00.0") << by;
  }
}

TEST(OpenClProbe, KnowsALoaderWithoutAPlatform) {
  RecordedMachine machine("laptop_integrated_gpu");
  machine.drivers.erase("opencl");
  const auto found = run_probe("opencl", machine.machine());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::no_driver);
  EXPECT_THAT(found.report.message, HasSubstr("pocl-opencl-icd"));
}

TEST(OpenVinoProbe, SaysWhatToInstall) {
  const RecordedMachine machine;
  const auto found = run_probe("openvino", machine.machine());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::no_driver);
  EXPECT_THAT(found.report.message, HasSubstr("pip install openvino"));
}

TEST(OpenVinoProbe, FindsTheNewestLibraryOfTheWheelInAVirtualEnvironment) {
  RecordedMachine machine("laptop_npu");
  auto looked_at = machine.machine();
  looked_at.library_dir.clear();
  looked_at.environment["VIRTUAL_ENV"] = (machine.root() / "venv").string();
  const auto libraries = machine.root() / "venv/lib/python3.11/site-packages/openvino/libs";
  machine.write("venv/lib/python3.11/site-packages/openvino/libs/libopenvino_c.so.2400", "this is no library\n");
  std::filesystem::create_symlink(std::filesystem::path(BERTH_FAKES_DIR) / "libopenvino_c.so",
                                  libraries / "libopenvino_c.so.2641");
  const auto found = run_probe("openvino", looked_at);
  EXPECT_EQ(found.report.outcome, ProbeOutcome::found) << found.report.message;
  EXPECT_EQ(found.report.library, (libraries / "libopenvino_c.so.2641").string());
  EXPECT_THAT(found.sightings, SizeIs(3));
}

TEST(OpenVinoProbe, LeavesOutADeviceThatIsNobody) {
  RecordedMachine machine("laptop_npu");
  machine.drivers["openvino"]["devices"]["GPU"] = {{"FULL_DEVICE_NAME", "Intel(R) Graphics"}};
  const auto inventory = discovery::merge(run_probes({"level_zero", "openvino"}, machine.machine()));
  EXPECT_THAT(inventory.find(Device(DeviceType::xpu, 0))->apis,
              testing::Not(Contains(testing::Field(&DeviceName::in, "openvino"))));
  EXPECT_THAT(inventory.probes[1].notes, ElementsAre(HasSubstr("GPU (Intel(R) Graphics) tells neither")));
}

TEST(MetalProbe, IsSkippedElsewhereThanOnApple) {
  const auto found = discovery::probe_metal({});
#ifdef __APPLE__
  EXPECT_NE(found.report.outcome, ProbeOutcome::skipped);
#else
  EXPECT_EQ(found.report.outcome, ProbeOutcome::skipped);
  EXPECT_THAT(found.devices, IsEmpty());
#endif
}

// Written by hand: no probe of this project has run on such a machine.
TEST(AppleLaptop, LoadsAsAnInventory) {
  const auto inventory = Inventory::load(BERTH_TEST_DATA_DIR "/machines/apple_laptop/inventory.json");
  EXPECT_EQ(inventory.origin, InventoryOrigin::recorded);
  const auto* gpu = inventory.find(Device::mps());
  ASSERT_NE(gpu, nullptr);
  EXPECT_TRUE(gpu->integrated);
  EXPECT_EQ(inventory.pool(gpu->pool), inventory.pool(inventory.find(Device::cpu())->pool));
}

}  // namespace
}  // namespace berth::test
