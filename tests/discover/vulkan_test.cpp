// What the probe of Vulkan says of ordinary trouble, and which GPUs ggml takes.
#include <gmock/gmock.h>

#include "discover/drivers/sysfs.h"
#include "discover/drivers/vulkan_gpus.h"
#include "discover/merge.h"
#include "discover/recorded_machine.h"
#include "discover/run_probes.h"

namespace berth::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

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

}  // namespace
}  // namespace berth::test
