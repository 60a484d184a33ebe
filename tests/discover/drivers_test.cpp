// What each probe of a driver says of ordinary trouble.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>

#include "discover/drivers/amd_gpu.h"
#include "discover/drivers/sysfs.h"
#include "discover/drivers/vulkan_gpus.h"
#include "discover/merge.h"
#include "discover/probes.h"
#include "discover/recorded_machine.h"
#include "discover/run_probes.h"

namespace berth::test {
namespace {

using discovery::Findings;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> names_of(const Findings& found) {
  std::vector<std::string> names;
  for (const auto& device : found.devices) names.push_back(device.device.str() + " " + device.uuid);
  return names;
}

void remove(const RecordedMachine& machine, const std::string& path) {
  std::filesystem::remove_all(machine.root() / path);
}

TEST(RocmProbe, SaysNothingWhereThereIsNoHardware) {
  const RecordedMachine machine;
  const auto found = run_probe("rocm", machine.machine());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::nothing);
  EXPECT_THAT(found.report.message, HasSubstr("no AMD GPU"));
}

TEST(RocmProbe, NamesHardwareWithoutADriver) {
  const RecordedMachine machine;
  machine.write("sys/bus/pci/devices/0000:03:00.0/class", "0x030000\n");
  machine.write("sys/bus/pci/devices/0000:03:00.0/vendor", "0x1002\n");
  machine.write("sys/bus/pci/devices/0000:03:00.0/device", "0x744c\n");
  const auto found = run_probe("rocm", machine.machine());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::no_driver);
  EXPECT_THAT(found.report.message, AllOf(HasSubstr("1002:744c at 0000:03:00.0"), HasSubstr("amdgpu")));
}

TEST(RocmProbe, SaysThatAContainerLacksItsDeviceNode) {
  const RecordedMachine machine("server_amd");
  remove(machine, "dev/kfd");
  const auto found = run_probe("rocm", machine.machine());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::no_permission);
  EXPECT_THAT(found.report.message, AllOf(HasSubstr("/dev/kfd is not there"), HasSubstr("--device")));
  EXPECT_THAT(found.devices, IsEmpty());
  EXPECT_THAT(found.sightings, SizeIs(4));
}

TEST(RocmProbe, LeavesOutAGpuWhoseRenderNodeIsNotThere) {
  const RecordedMachine machine("server_amd");
  remove(machine, "dev/dri/renderD136");
  const auto found = run_probe("rocm", machine.machine());
  EXPECT_THAT(names_of(found),
              ElementsAre("cuda:0 GPU-8f0d1c2b3a495867", "cuda:1 GPU-8f0d1c2b3a495869", "cuda:2 GPU-8f0d1c2b3a49586a"));
  EXPECT_THAT(found.report.notes, Contains(AllOf(HasSubstr("renderD136"), HasSubstr("left out"))));
}

TEST(RocmProbe, CountsAsHipDoes) {
  struct Case {
    std::map<std::string, std::string> environment;
    std::vector<std::string> expected;
  };
  const std::string a = "GPU-8f0d1c2b3a495867";
  const std::string b = "GPU-8f0d1c2b3a495868";
  const std::string c = "GPU-8f0d1c2b3a495869";
  const std::string d = "GPU-8f0d1c2b3a49586a";
  const std::vector<Case> cases{
      {{{"HIP_VISIBLE_DEVICES", "2,0"}}, {"cuda:0 " + c, "cuda:1 " + a}},
      {{{"CUDA_VISIBLE_DEVICES", "3"}}, {"cuda:0 " + d}},
      {{{"CUDA_VISIBLE_DEVICES", "3,3," + a}}, {"cuda:0 " + d, "cuda:1 " + a}},
      {{{"CUDA_VISIBLE_DEVICES", "3"}, {"HIP_VISIBLE_DEVICES", "1"}}, {"cuda:0 " + b}},
      {{{"CUDA_VISIBLE_DEVICES", "3"}, {"HIP_VISIBLE_DEVICES", ""}}, {"cuda:0 " + d}},
      {{{"ROCR_VISIBLE_DEVICES", c + ",0"}, {"HIP_VISIBLE_DEVICES", "1"}}, {"cuda:0 " + a}},
  };
  for (const auto& [environment, expected] : cases) {
    RecordedMachine machine("server_amd");
    machine.environment = environment;
    EXPECT_THAT(names_of(run_probe("rocm", machine.machine())), testing::ElementsAreArray(expected))
        << environment.begin()->first << '=' << environment.begin()->second;
  }
}

TEST(RocmProbe, NamesTheVariableThatHidesAll) {
  RecordedMachine machine("server_amd");
  machine.environment["HIP_VISIBLE_DEVICES"] = "-1";
  const auto found = run_probe("rocm", machine.machine());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::hidden);
  EXPECT_THAT(found.report.message, HasSubstr("HIP_VISIBLE_DEVICES=-1"));
}

/// Four nodes of the server become partitions of its first card, as KFD numbers them, each with its part of the memory.
void partition(const RecordedMachine& machine) {
  for (int part = 0; part < 4; ++part) {
    const std::string node = "sys/class/kfd/kfd/topology/nodes/" + std::to_string(part + 2);
    machine.write(node + "/properties", "simd_count 304\ngfx_target_version 90402\nlocation_id " +
                                            std::to_string(0x500 + part) + "\ndrm_render_minor 128\nunique_id 7\n");
    machine.write(node + "/mem_banks/0/properties", "heap_type 1\nsize_in_bytes 51527024640\n");
  }
}

TEST(RocmProbe, TellsPartitionsOfOneCardApart) {
  RecordedMachine machine("server_amd");
  partition(machine);
  for (auto& gpu : machine.drivers["rocm_smi"]["gpus"]) gpu["pci"] = "0000:05:00.0";
  machine.drivers["rocm_smi"]["gpus"][1]["pci"] = "0000:05:00.1";  // as some versions write it
  machine.drivers["rocm_smi"]["gpus"].erase(3);
  const auto found = run_probe("rocm", machine.machine());
  ASSERT_THAT(found.devices, SizeIs(4));
  EXPECT_EQ(found.devices[0].pci_id, "0000:05:00.0");
  for (int part = 0; part < 4; ++part) {
    const auto& info = found.devices[part];
    EXPECT_EQ(info.pool, info.device.str());
    EXPECT_EQ(info.total_bytes, 51527024640U);
    EXPECT_EQ(info.free_bytes, 51527024640U);
    EXPECT_THAT(info.apis, SizeIs(part < 3 ? 2 : 1));
    const DeviceName smi{"rocm_smi", std::to_string(part)};
    EXPECT_EQ(std::ranges::count(info.apis, smi), part < 3 ? 1 : 0);
    if (part == 0) continue;
    EXPECT_EQ(info.pci_id, "");
    EXPECT_THAT(info.note, HasSubstr("A partition of the card at 0000:05:00.0, which is also cuda:0"));
  }
}

TEST(AmdGpus, HaveNoMoreFreeInAPartitionThanInTheirCard) {
  const RecordedMachine machine("server_amd");
  partition(machine);
  machine.write("sys/bus/pci/devices/0000:05:00.0/mem_info_vram_used", std::to_string(206141652992 - 1000));
  const auto gpus = discovery::amd_gpus(machine.root());
  ASSERT_THAT(gpus, SizeIs(4));
  for (const auto& gpu : gpus) EXPECT_EQ(gpu.info.free_bytes, 1000U);
}

TEST(RocmProbe, SaysWhatPyTorchCallsItBesideAnNvidiaGpu) {
  const RecordedMachine machine("server_amd");
  EXPECT_EQ(run_probe("rocm", machine.machine()).devices[1].note, "");
  machine.write("sys/bus/pci/devices/0000:01:00.0/class", "0x030200\n");
  machine.write("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n");
  const auto found = run_probe("rocm", machine.machine());
  ASSERT_THAT(found.devices, SizeIs(4));
  EXPECT_EQ(found.devices[1].note, "In a build of PyTorch for ROCm it is cuda:1");
}

/// The GPU in the processor of the workstation, with what its files say changed.
class AmdGpuInProcessor : public testing::Test {
 protected:
  void set_node(const std::string& properties) const {
    machine.write("sys/class/kfd/kfd/topology/nodes/2/properties", properties + "simd_count 4\nlocation_id 3840\n");
  }
  void set_kfd_memory(std::uint64_t bytes) const {
    machine.write("sys/class/kfd/kfd/topology/nodes/2/mem_banks/0/properties",
                  "heap_type 1\nsize_in_bytes " + std::to_string(bytes) + "\n");
  }
  void set(const std::string& file, const std::string& text) const {
    machine.write("sys/bus/pci/devices/0000:0f:00.0/" + file, text);
  }
  DeviceInfo look() const { return discovery::amd_gpus(machine.root()).at(1).info; }

  static constexpr std::uint64_t gtt = 33285996544, vram = 536870912;
  RecordedMachine machine{"workstation_amd_intel"};
};

TEST_F(AmdGpuInProcessor, SharesTheMemoryOfTheCpu) {
  const auto by_target = look();
  EXPECT_TRUE(by_target.integrated);
  EXPECT_EQ(by_target.pool, "ram");
  EXPECT_EQ(by_target.total_bytes, gtt);
  EXPECT_EQ(by_target.free_bytes, gtt - 104857600);
}

TEST_F(AmdGpuInProcessor, IsKnownByItsTargetItsMetricsItsMemoryOrACommonNode) {
  const std::string card = "gfx_target_version 110000\n";
  set_node(card);
  EXPECT_FALSE(look().integrated);
  set_node("gfx_target_version 110501\n");
  EXPECT_TRUE(look().integrated) << "Strix Halo";
  set_node("gfx_target_version 80001\ncpu_cores_count 4\n");
  EXPECT_TRUE(look().integrated) << "Carrizo, before Linux 6.6";
  set_node(card);
  for (const char format : {'\1', '\2', '\3'}) {
    set("gpu_metrics", std::string{'\x78', '\0', format, '\0'});
    EXPECT_EQ(look().integrated, format != 1) << int{format};
  }
  remove(machine, "sys/bus/pci/devices/0000:0f:00.0/gpu_metrics");
  set("mem_info_vram_total", "0\n");
  EXPECT_TRUE(look().integrated) << "MI300A";
}

TEST_F(AmdGpuInProcessor, HasWhatKfdGivesIt) {
  set_kfd_memory(gtt / 2);  // the limit of TTM, where GTT was made larger than that
  EXPECT_EQ(look().total_bytes, gtt / 2);
  EXPECT_EQ(look().pool, "ram");
  set_kfd_memory(vram);  // the carved out memory: there is more of it than of GTT, or Linux is older than 6.10
  EXPECT_TRUE(look().integrated);
  EXPECT_EQ(look().pool, "");
  EXPECT_EQ(look().total_bytes, vram);
  EXPECT_EQ(look().free_bytes, vram - 52428800);
  remove(machine, "sys/class/kfd/kfd/topology/nodes/2/mem_banks");  // as a common node had none of the GPU
  EXPECT_EQ(look().total_bytes, gtt);
}

TEST(AmdGpus, HaveTheNameOfTheirProductWhereTheKernelKnowsIt) {
  const RecordedMachine machine("workstation_amd_intel");
  EXPECT_EQ(discovery::amd_gpus(machine.root()).at(0).info.name, "AMD GPU (gfx1100)");
  machine.write("sys/bus/pci/devices/0000:03:00.0/product_name", "AMD Radeon PRO W7900\n");
  EXPECT_EQ(discovery::amd_gpus(machine.root()).at(0).info.name, "AMD Radeon PRO W7900");
}

TEST(AmdGpus, AreReadFromFilesThatMakeNoSense) {
  for (const std::string& text :
       {std::string(), std::string(1 << 20, '9'), std::string("\0\xff\n", 3),
        std::string("simd_count 18446744073709551615\nlocation_id -1\ngfx_target_version 99999999\n")}) {
    const RecordedMachine machine("server_amd");
    machine.write("sys/class/kfd/kfd/topology/nodes/2/properties", text);
    machine.write("sys/bus/pci/devices/0000:26:00.0/mem_info_vram_used", text);
    machine.write("sys/bus/pci/devices/0000:26:00.0/max_link_speed", text);
    machine.write("sys/bus/pci/devices/0000:26:00.0/gpu_metrics", text);
    const auto gpus = discovery::amd_gpus(machine.root());
    ASSERT_GE(gpus.size(), 3U);
    for (const auto& gpu : gpus) EXPECT_LE(gpu.info.free_bytes, gpu.info.total_bytes);
  }
}

TEST(AmdGpus, TellWhatThrottlesThem) {
  std::string metrics(120, '\0');
  metrics[2] = 1;
  metrics[3] = 3;
  EXPECT_THAT(discovery::amd_throttled_by(metrics), IsEmpty());
  metrics[112] = 1;
  metrics[114] = 1;
  metrics[116] = 1;
  EXPECT_THAT(discovery::amd_throttled_by(metrics), ElementsAre("power", "current", "heat"));
  EXPECT_THAT(discovery::amd_throttled_by(metrics.substr(0, 119)), IsEmpty());
  metrics[3] = 4;
  EXPECT_THAT(discovery::amd_throttled_by(metrics), IsEmpty());
}

TEST(AmdGpus, HaveTheNamesOfTheirTargets) {
  EXPECT_EQ(discovery::amd_gfx(90402), "gfx942");
  EXPECT_EQ(discovery::amd_gfx(90010), "gfx90a");
  EXPECT_EQ(discovery::amd_gfx(110001), "gfx1101");
}

/// A GPU at the end of a path of PCI devices, each {address, vendor, speed, width}, as sysfs links to it.
std::optional<Link> link_behind(const std::vector<std::array<std::string, 4>>& path) {
  const RecordedMachine machine;
  std::string folder = "sys/devices/pci0000:00";
  for (const auto& [address, vendor, speed, width] : path) {
    folder += "/" + address;
    machine.write(folder + "/vendor", vendor + "\n");
    machine.write(folder + "/max_link_speed", speed + " GT/s PCIe\n");
    machine.write(folder + "/current_link_width", width + "\n");
  }
  machine.write(folder + "/class", "0x030000\n");
  const auto bus = machine.root() / "sys/bus/pci/devices";
  std::filesystem::create_directories(bus);
  std::filesystem::create_symlink("../../../" + folder.substr(4), bus / path.back()[0]);
  return discovery::pcie_link(discovery::pci_devices(machine.root()).at(0));
}

TEST(PcieLinks, AreThoseToTheSlotNotThoseInsideOfACard) {
  const auto navi = link_behind({{"0000:00:01.1", "0x1022", "32.0", "8"},
                                 {"0000:01:00.0", "0x1002", "16.0", "8"},
                                 {"0000:02:00.0", "0x1002", "16.0", "16"},
                                 {"0000:03:00.0", "0x1002", "16.0", "16"}});
  ASSERT_TRUE(navi);
  EXPECT_EQ(navi->detail, "PCIe 4.0 x8");
  const auto arc = link_behind({{"0000:00:01.0", "0x8086", "32.0", "16"},
                                {"0000:01:00.0", "0x8086", "16.0", "16"},
                                {"0000:02:01.0", "0x8086", "2.5", "1"},
                                {"0000:03:00.0", "0x8086", "2.5", "1"}});
  ASSERT_TRUE(arc);
  EXPECT_EQ(arc->detail, "PCIe 4.0 x16") << "not that of the root port, which is Intel's too";
  const auto behind_a_switch = link_behind({{"0000:00:01.0", "0x8086", "32.0", "16"},
                                            {"0000:01:00.0", "0x1000", "32.0", "16"},
                                            {"0000:02:00.0", "0x1000", "32.0", "16"},
                                            {"0000:03:00.0", "0x1002", "16.0", "16"}});
  ASSERT_TRUE(behind_a_switch);
  EXPECT_EQ(behind_a_switch->detail, "PCIe 4.0 x16");
  const auto alone = link_behind({{"0000:00:01.0", "0x8086", "32.0", "16"}, {"0000:01:00.0", "0x8086", "16.0", "4"}});
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->detail, "PCIe 4.0 x4");
}

TEST(DeviceNodes, AreForbiddenToOthersThanTheirGroup) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody who may not";
  const RecordedMachine machine;
  machine.write("dev/kfd", "");
  const auto node = machine.root() / "dev/kfd";
  ASSERT_EQ(chown(node.c_str(), 0, 44), 0);  // "video" on Debian
  std::filesystem::permissions(node, std::filesystem::perms::owner_read | std::filesystem::perms::group_read);
  std::filesystem::permissions(machine.root().parent_path(), std::filesystem::perms::all);
  std::string why_not;
  EXPECT_TRUE(discovery::may_open(node, why_not));
  ASSERT_EQ(seteuid(65534), 0);
  const bool allowed = discovery::may_open(node, why_not);
  ASSERT_EQ(seteuid(0), 0);
  EXPECT_FALSE(allowed);
  EXPECT_THAT(why_not, AllOf(HasSubstr("dev/kfd"), HasSubstr("group"), HasSubstr("usermod")));
}

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
  remove(machine, "dev/dri/renderD128");
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

TEST(VulkanProbe, KnowsItsOrdinaryTroubles) {
  RecordedMachine machine("workstation_amd_intel");
  machine.drivers["libraries"] = {"libOpenCL.so.1"};
  EXPECT_EQ(run_probe("vulkan", machine.machine()).report.outcome, ProbeOutcome::no_driver);

  RecordedMachine old("workstation_amd_intel");
  old.drivers["vulkan"]["version"] = {1, 1, 0};
  const auto too_old = run_probe("vulkan", old.machine());
  EXPECT_EQ(too_old.report.outcome, ProbeOutcome::driver_too_old);
  EXPECT_THAT(too_old.report.message, HasSubstr("version 1.1.0"));

  RecordedMachine empty("workstation_amd_intel");
  empty.drivers["vulkan"].erase("gpus");
  const auto none = run_probe("vulkan", empty.machine());
  EXPECT_EQ(none.report.outcome, ProbeOutcome::no_driver);
  EXPECT_THAT(none.report.message, HasSubstr("1002:744c"));

  RecordedMachine software("laptop_integrated_gpu");
  software.drivers["vulkan"]["gpus"].erase(0);
  EXPECT_EQ(run_probe("vulkan", software.machine()).report.outcome, ProbeOutcome::nothing);
}

TEST(VulkanProbe, AGpuThatDoesNotTellWhatIsInUseHasAllOfIt) {
  RecordedMachine machine("workstation_amd_intel");
  machine.drivers["libraries"] = {"libvulkan.so.1"};
  for (auto& gpu : machine.drivers["vulkan"]["gpus"])
    for (auto& heap : gpu["heaps"]) heap.erase("budget");
  const auto inventory = discovery::merge({run_probe("vulkan", machine.machine())});
  const auto* gpu = inventory.find(Device::vulkan(0));
  ASSERT_NE(gpu, nullptr);
  EXPECT_FALSE(gpu->free_is_known);
  EXPECT_EQ(gpu->free_bytes, 25753026560U);
  EXPECT_EQ(inventory.pool(gpu->pool)->free_bytes, 25753026560U);
  EXPECT_THAT(gpu->note, HasSubstr("is not known"));
}

TEST(VulkanProbe, TakesWhatTheVariableNames) {
  RecordedMachine machine("workstation_amd_intel");
  machine.environment["GGML_VK_VISIBLE_DEVICES"] = "4,2,4";
  const auto found = run_probe("vulkan", machine.machine());
  ASSERT_THAT(found.devices, SizeIs(2));
  EXPECT_THAT(found.devices[0].note, HasSubstr("software renderer"));
  EXPECT_EQ(found.devices[0].pool, "ram");
  EXPECT_THAT(found.devices[0].apis, ElementsAre(DeviceName{"vulkan", "0"}, DeviceName{"vulkan", "2"}));
  EXPECT_THAT(found.devices[1].name, HasSubstr("A770"));

  machine.environment["GGML_VK_VISIBLE_DEVICES"] = "9";
  const auto hidden = run_probe("vulkan", machine.machine());
  EXPECT_EQ(hidden.report.outcome, ProbeOutcome::hidden);
  EXPECT_THAT(hidden.report.message, HasSubstr("GGML_VK_VISIBLE_DEVICES=9"));
}

TEST(VulkanProbe, GivesNoIdentityToADriverOverDirect3D) {
  RecordedMachine machine("workstation_amd_intel");
  auto& gpus = machine.drivers["vulkan"]["gpus"];
  gpus = {{{"name", "Microsoft Direct3D12 (NVIDIA GeForce RTX 4090)"},
           {"type", "discrete"},
           {"vendor", discovery::pci_vendor_nvidia},
           {"uuid", "8f0d1c2b-3a49-5867-0000-000000000001"},
           {"driver_id", 23},
           {"driver", "Dozen"},
           {"heaps", {{{"size", 25753026560}, {"local", true}}}}}};
  const auto found = run_probe("vulkan", machine.machine());
  ASSERT_THAT(found.devices, SizeIs(1));
  EXPECT_EQ(found.devices[0].uuid, "");
  EXPECT_EQ(found.devices[0].pci_id, "");
  EXPECT_THAT(found.devices[0].note, HasSubstr("may be the same GPU as another device"));
  EXPECT_FALSE(found.devices[0].free_is_known);
  gpus[0]["driver_id"] = 4;
  EXPECT_EQ(run_probe("vulkan", machine.machine()).devices.at(0).uuid, "GPU-8f0d1c2b-3a49-5867-0000-000000000001");
}

discovery::VulkanGpu vulkan_gpu(discovery::vk::GpuType type, unsigned char uuid, std::uint32_t driver = 3) {
  discovery::VulkanGpu gpu;
  gpu.type = type;
  gpu.vendor = discovery::pci_vendor_amd;
  gpu.driver_id = driver;
  gpu.uuid[0] = uuid;
  gpu.storage_16_bit = true;
  return gpu;
}

TEST(VulkanChoice, IsThatOfGgml) {
  using discovery::ggml_vulkan_choice;
  using discovery::vk::GpuType;
  const auto radv = vulkan_gpu(GpuType::discrete, 1, 3);
  const auto amdvlk = vulkan_gpu(GpuType::discrete, 1, 2);
  const auto other = vulkan_gpu(GpuType::integrated, 2);
  EXPECT_THAT(ggml_vulkan_choice({amdvlk, other, radv}), ElementsAre(1, 2)) << "the better driver comes last";
  EXPECT_THAT(ggml_vulkan_choice({radv, other, amdvlk}), ElementsAre(0, 1));
  auto lacking = radv;
  lacking.storage_16_bit = false;
  EXPECT_THAT(ggml_vulkan_choice({lacking, other}), ElementsAre(1));
  const auto in_a_guest = vulkan_gpu(GpuType::virtual_gpu, 4);
  const auto software = vulkan_gpu(GpuType::cpu, 5);
  EXPECT_THAT(ggml_vulkan_choice({software, in_a_guest}), ElementsAre(1));
  EXPECT_THAT(ggml_vulkan_choice({software, in_a_guest, other}), ElementsAre(2));
  EXPECT_THAT(ggml_vulkan_choice({software}), IsEmpty());
  auto first = vulkan_gpu(GpuType::discrete, 7, 14);
  auto second = vulkan_gpu(GpuType::discrete, 7, 14);
  EXPECT_THAT(ggml_vulkan_choice({first, second}), ElementsAre(0, 1)) << "MoltenVK gives one UUID to two GPUs";
}

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
