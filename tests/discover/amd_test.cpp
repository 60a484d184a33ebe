// What the probe of AMD says of ordinary trouble, and GPUs as the kernel describes them.
#include <gmock/gmock.h>

#include "discover/drivers/amd_gpu.h"
#include "discover/recorded_machine.h"
#include "discover/run_probes.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

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
  machine.remove("dev/kfd");
  const auto found = run_probe("rocm", machine.machine());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::no_permission);
  EXPECT_THAT(found.report.message, AllOf(HasSubstr("/dev/kfd is not there"), HasSubstr("--device")));
  EXPECT_THAT(found.devices, IsEmpty());
  EXPECT_THAT(found.sightings, SizeIs(4));
}

TEST(RocmProbe, LeavesOutAGpuWhoseRenderNodeIsNotThere) {
  const RecordedMachine machine("server_amd");
  machine.remove("dev/dri/renderD136");
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
  machine.remove("sys/bus/pci/devices/0000:0f:00.0/gpu_metrics");
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
  machine.remove("sys/class/kfd/kfd/topology/nodes/2/mem_banks");  // as a common node had none of the GPU
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

}  // namespace
}  // namespace berth::test
