#include <gmock/gmock.h>

#include "berth/convert.h"
#include "berth/error.h"
#include "berth/inventory.h"
#include "json_file.h"
#include "refusal.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr std::uint64_t gib = std::uint64_t{1} << 30U;

std::vector<std::string> names(const Inventory& inventory) {
  std::vector<std::string> names;
  for (const auto& info : inventory.devices) names.push_back(info.device.str());
  return names;
}

std::vector<std::string> links(const Inventory& inventory) {
  std::vector<std::string> links;
  for (const auto& link : inventory.links)
    links.push_back(link.from + " - " + link.to + " " + std::to_string(static_cast<long>(link.bytes_per_s / 1e6)));
  return links;
}

std::string refused(std::string_view text) {
  return test::refusal([&] { simulate(text); });
}

TEST(Simulate, MakesAMachineOfAShortText) {
  const auto machine = simulate("cpu:64GiB,cuda:2x24GiB@1000GB/s,link:25GB/s");
  EXPECT_EQ(machine.origin, InventoryOrigin::simulated);
  EXPECT_THAT(names(machine), ElementsAre("cpu", "cuda:0", "cuda:1"));
  EXPECT_EQ(machine.pool("ram")->total_bytes, 64 * gib);
  const auto& gpu = *machine.find(Device::gpu(1));
  EXPECT_EQ(gpu.total_bytes, 24 * gib);
  EXPECT_EQ(gpu.free_bytes, 24 * gib);
  EXPECT_EQ(gpu.pool, "cuda:1");
  EXPECT_EQ(machine.pool("cuda:1")->kind, PoolKind::device);
  EXPECT_EQ(gpu.speed->memory_bytes_per_s, 1000e9);
  EXPECT_THAT(links(machine), ElementsAre("cpu - cuda:0 25000", "cpu - cuda:1 25000", "cuda:0 - cuda:1 25000"));
  EXPECT_THAT(machine.links, Each(Field(&Link::kind, LinkKind::pcie)));
  EXPECT_EQ(Inventory::from_dict(machine.to_dict()), machine);
}

TEST(Simulate, MarksAllThatItMakes) {
  const auto machine = simulate("cpu:1GiB,cuda:1GiB;name=RTX 4090,npu:shared");
  EXPECT_THAT(machine.devices, Each(Field(&DeviceInfo::name, StartsWith("simulated "))));
  EXPECT_EQ(machine.devices[1].name, "simulated RTX 4090");
  EXPECT_EQ(machine.host, "simulated");
  EXPECT_EQ(machine.probes.at(0).message, "cpu:1GiB,cuda:1GiB;name=RTX 4090,npu:shared");
}

TEST(Simulate, FillsInTheEnginesThatWouldUseADevice) {
  for (const auto& info :
       simulate("cpu:1GiB,cuda:2x1GiB,mps:shared,xpu:1GiB,vulkan:1GiB,rpc:2x1GiB,npu:shared,disk:1TB").devices) {
    const bool usable = info.device.type() != DeviceType::npu && info.device.type() != DeviceType::disk;
    ASSERT_EQ(info.engines.size(), usable ? 1U : 0U) << info.device;
    if (usable) {
      EXPECT_EQ(info.engines[0], (DeviceName{"llama.cpp", to_ggml(info.device)}));
    }
  }
}

TEST(Simulate, TakesWhatIsInUseFromWhatIsFree) {
  const auto machine = simulate("cuda:2x24GiB-4.5GiB,cpu:2x32GiB-1GiB;cores=5");
  EXPECT_EQ(machine.find(Device::gpu(0))->free_bytes, 39 * gib / 2);
  EXPECT_EQ(machine.pool("ram")->total_bytes, 64 * gib);
  EXPECT_EQ(machine.pool("ram")->free_bytes, 62 * gib);
  const auto& cpu = *machine.find(Device::cpu())->cpu;
  EXPECT_EQ(cpu.cores, 5);
  EXPECT_THAT(cpu.numa_nodes, ElementsAre(NumaNode{0, 32 * gib, 31 * gib, 3}, NumaNode{1, 32 * gib, 31 * gib, 2}));
}

TEST(Simulate, SharesTheMemoryOfTheCpu) {
  const auto machine = simulate("vulkan:shared,cpu:16GiB-1GiB,rpc:2xshared");
  for (const auto& info : machine.devices) {
    EXPECT_EQ(info.pool, "ram");
    EXPECT_EQ(info.free_bytes, 15 * gib);
    EXPECT_EQ(info.integrated, info.device == Device::vulkan(0));
  }
  EXPECT_EQ(machine.pools.size(), 1U);
  EXPECT_THAT(names(machine), ElementsAre("cpu", "vulkan:0", "rpc:0", "rpc:1"));
}

TEST(Simulate, GoesOnCountingWhereATypeComesAgain) {
  const auto machine = simulate("cpu:1GiB,cuda:2x24GiB,cuda:80GiB,disk:1TB,disk:2TB");
  EXPECT_THAT(names(machine), ElementsAre("cpu", "cuda:0", "cuda:1", "cuda:2", "disk", "disk:1"));
  EXPECT_EQ(machine.find(Device::gpu(2))->total_bytes, 80 * gib);
}

TEST(Simulate, ReadsOptions) {
  const auto machine =
      simulate("cpu:1GiB@50GB/s;cores=8;flops=1.5T, cuda:7x10GiB;mig=1g.10gb+me;compute=9.0;types=fp16+bf16+int8");
  EXPECT_EQ(machine.find(Device::cpu())->speed, (DeviceSpeed{50e9, 1.5e12}));
  const auto& gpu = *machine.find(Device::gpu(6));
  EXPECT_EQ(gpu.gpu->mig_profile, "1g.10gb+me");
  EXPECT_EQ(gpu.gpu->compute_capability, "9.0");
  EXPECT_THAT(gpu.types, ElementsAre("fp16", "bf16", "int8"));
}

TEST(Simulate, ReadsUnits) {
  const auto total = [](const std::string& size) { return simulate("cpu:" + size).pools[0].total_bytes; };
  EXPECT_EQ(total("24GB"), 24'000'000'000U);
  EXPECT_EQ(total("1.5TiB"), 1536 * gib);
  EXPECT_EQ(total("1024PiB"), std::uint64_t{1} << 60U);
  EXPECT_EQ(total("1B"), 1U);
  EXPECT_EQ(total("1152921504606846975B"), (std::uint64_t{1} << 60U) - 1);
  EXPECT_THAT(links(simulate("cpu:1GiB,rpc:1GiB,link:10Gbit/s")), ElementsAre("cpu - rpc:0 1250"));
}

TEST(Simulate, ReadsLinksByName) {
  const auto machine = simulate(
      "link:5GB/s,cpu:1GiB,cuda:3x1GiB,disk:1TB,rpc:1GiB,link:cuda:2-cuda:0:450GB/s;kind=nvlink,"
      "link:cpu-rpc:0:1GB/s;latency=0.2ms,link:cpu-disk:3GB/s");
  EXPECT_THAT(links(machine),
              ElementsAre("cuda:0 - cuda:2 450000", "cpu - rpc:0 1000", "cpu - disk 3000", "cpu - cuda:0 5000",
                          "cpu - cuda:1 5000", "cpu - cuda:2 5000", "cuda:0 - cuda:1 5000", "cuda:0 - rpc:0 5000",
                          "cuda:1 - cuda:2 5000", "cuda:1 - rpc:0 5000", "cuda:2 - rpc:0 5000"));
  EXPECT_EQ(machine.links[0].kind, LinkKind::nvlink);
  EXPECT_EQ(machine.links[1].kind, LinkKind::network);
  EXPECT_EQ(machine.links[1].latency_us, 200);
  EXPECT_EQ(machine.links[2].kind, LinkKind::storage);
}

TEST(Simulate, NamesTheColumnOfAMistake) {
  EXPECT_THAT(refused(""), StartsWith("column 1: expected TYPE:SIZE with one of cpu, cuda, "));
  EXPECT_THAT(refused("gpu:1GiB"), AllOf(StartsWith("column 1: expected TYPE:SIZE"), HasSubstr("found 'gpu:1GiB'")));
  EXPECT_EQ(refused("cpu"), "column 4: expected ':', found nothing");
  EXPECT_THAT(refused("cpu:1GiB,"), StartsWith("column 10: expected TYPE:SIZE"));
  EXPECT_EQ(refused("cpu:1GiB cuda:1GiB"), "column 10: expected ',' or the end, found 'cuda:1GiB'");
  EXPECT_THAT(refused("cpu:lots"), StartsWith("column 5: expected a size such as 24GiB"));
  EXPECT_EQ(refused("cpu:24G"),
            "column 7: expected a unit (B, KB, MB, GB, TB, PB, KiB, MiB, GiB, TiB, PiB), found 'G'");
  EXPECT_THAT(refused("cpu:24"), StartsWith("column 7: expected a unit"));
  EXPECT_THAT(refused("cpu:1.2.3GiB"), StartsWith("column 5: expected a size"));
  EXPECT_THAT(refused("cpu:-1GiB"), StartsWith("column 5: expected a size"));
  EXPECT_EQ(refused("cpu:0GiB"), "column 5: expected a size from 1B to 1024PiB, found '0GiB'");
  EXPECT_THAT(refused("cpu:1025PiB"), StartsWith("column 5: expected a size from"));
  EXPECT_EQ(refused("cpu:16x1024PiB"), "column 8: expected no more than 1024PiB together, found '1024PiB'");
  EXPECT_THAT(refused("cpu:" + std::string(5000, '9') + "B"), StartsWith("column 5: expected a size"));
  EXPECT_EQ(refused("cpu:0x1GiB"), "column 5: expected a count from 1 to 4096, found '0x1GiB'");
  EXPECT_THAT(refused("cpu:1.5x1GiB"), StartsWith("column 5: expected a count"));
  EXPECT_THAT(refused("cpu:1GiB,cuda:4097x1GiB"), StartsWith("column 15: expected a count"));
  EXPECT_EQ(refused("cpu:1GiB-2GiB"), "column 10: expected no more in use than there is, found '2GiB'");
  EXPECT_THAT(refused("cpu:shared"), StartsWith("column 5: expected a size"));
  EXPECT_EQ(refused("cpu:1GiB,disk:shared"),
            "column 15: expected a size such as 24GiB, or a count as in 2x24GiB, found 'shared'");
  EXPECT_EQ(refused("cpu:1GiB@fast"), "column 10: expected a speed such as 25GB/s, found 'fast'");
  EXPECT_EQ(refused("cpu:1GiB@0GB/s"), "column 10: expected a speed such as 25GB/s and above 0, found '0GB/s'");
  EXPECT_THAT(refused("cpu:1GiB,link:0GB/s"), StartsWith("column 15: expected a speed such as 25GB/s and above 0"));
  EXPECT_THAT(refused("cpu:1GiB;flops=0T"), StartsWith("column 16: expected a number such as 82T and above 0"));
  EXPECT_EQ(refused("cpu:1GiB;name=a;name=b"), "column 17: expected name= once, found 'name=b'");
  for (const std::string_view text : {"abc", "9", "9.", ".0", "9.0.1", "gfx", "gfxyz"})
    EXPECT_THAT(refused("cpu:1GiB,cuda:1GiB;compute=" + std::string(text)),
                StartsWith("column 28: expected a compute capability such as 9.0 or gfx942"));
  EXPECT_EQ(simulate("cpu:1GiB,cuda:1GiB;compute=gfx90a").devices[1].gpu->compute_capability, "gfx90a");
  EXPECT_THAT(refused("cpu:1GiB@5GB"), StartsWith("column 11: expected a unit (MB/s, GB/s, "));
  EXPECT_EQ(refused("cpu:1GiB;colour=red"),
            "column 10: expected one of name=, flops=, types=, cores=, found 'colour=red'");
  EXPECT_THAT(refused("cpu:1GiB;mig=1g"), StartsWith("column 10: expected one of name="));
  EXPECT_EQ(refused("cpu:1GiB;name="), "column 15: expected a text without control characters, found nothing");
  EXPECT_THAT(refused("cpu:1GiB;name=a\nb"), StartsWith("column 15: expected a text without"));
  EXPECT_THAT(refused("cpu:1GiB;cores=0"), StartsWith("column 16: expected cores from 1 to "));
  EXPECT_EQ(refused("cpu:1GiB;types=fp16+zap"),
            "column 21: expected types such as fp16+bf16, of fp64, fp32, tf32, fp16, bf16, fp8, fp4, int8, int4, found "
            "'zap'");
  EXPECT_THAT(refused("cpu:1GiB;types=fp16+"), StartsWith("column 21: expected types such as"));
  EXPECT_EQ(refused("cpu:1GiB;name=\xC3\xBC\xC3\xBC,x"), refused("cpu:1GiB;name=uu,x"));
  EXPECT_THAT(refused("cpu:1GiB;name=uu,x"), StartsWith("column 18: "));
}

TEST(Simulate, RefusesMachinesThatMakeNoSense) {
  EXPECT_EQ(refused("cuda:1GiB"), "column 1: the machine has no CPU; add one and its memory, as in cpu:64GiB");
  EXPECT_THAT(refused("cpu:1GiB,cpu:1GiB"), StartsWith("column 14: a second CPU"));
  EXPECT_EQ(refused("cpu:1GiB,cuda:4096x1GiB"), "column 15: more than 4096 devices");
  EXPECT_EQ(refused("cpu:1GiB,cuda:4095x1GiB,link:1GB/s"), "column 30: more than 65536 links");
  EXPECT_EQ(refused("cpu:1GiB,link:cpu-cuda:0:1GB/s"), "column 15: the machine has no cuda:0");
  EXPECT_EQ(refused("cpu:1GiB,link:cpu-cpu:1GB/s"), "column 15: a link from cpu to itself");
  EXPECT_EQ(refused("cpu:1GiB,npu:1GiB,link:cpu-npu:0:1GB/s,link:npu:0-cpu:2GB/s"),
            "column 45: a second link between the same devices");
  EXPECT_EQ(refused("cpu:1GiB,link:fast"),
            "column 15: expected a speed such as 25GB/s, or two devices and a speed as in cuda:0-cuda:1:25GB/s, found "
            "'fast'");
}

TEST(Simulate, FindsDevicesWithAndWithoutAnIndex) {
  auto machine = simulate("cpu:1GiB,cuda:1GiB,cuda:2GiB,xpu:1GiB");
  EXPECT_EQ(machine.find(Device::gpu(std::nullopt)), &machine.devices[1]);
  EXPECT_EQ(machine.find(Device::gpu(1)), &machine.devices[2]);
  EXPECT_EQ(machine.find(Device::gpu(2)), nullptr);
  EXPECT_EQ(machine.find(Device::vulkan()), nullptr);
  EXPECT_EQ(machine.find(Device(DeviceType::cpu, 0)), &machine.devices[0]);
  EXPECT_EQ(machine.find(Device(DeviceType::cpu, 1)), nullptr);
  EXPECT_EQ(machine.pool("no"), nullptr);
  std::ranges::reverse(machine.devices);  // also where they are in no order
  EXPECT_EQ(machine.find(Device::cpu()), &machine.devices[3]);
}

TEST(Simulate, MakesAMachineOfATopologyOfHwloc) {
  const auto machine = simulate("hwloc:package:2 [numa(memory=8589934592)] core:8 pu:2");
  EXPECT_EQ(machine.origin, InventoryOrigin::simulated);
  const auto& cpu = *machine.find(Device::cpu());
  EXPECT_THAT(cpu.name, StartsWith("simulated "));
  EXPECT_EQ(cpu.engines.at(0), (DeviceName{"llama.cpp", "CPU"}));
  EXPECT_EQ(cpu.cpu->cores, 16);
  EXPECT_EQ(cpu.cpu->threads, 32);
  EXPECT_EQ(cpu.cpu->numa_nodes.size(), 2U);
  EXPECT_EQ(machine.pool("ram")->total_bytes, 16 * gib);
  EXPECT_EQ(machine.probes.at(0).message, "hwloc:package:2 [numa(memory=8589934592)] core:8 pu:2");
  EXPECT_EQ(Inventory::from_dict(machine.to_dict()), machine);
}

TEST(Simulate, MakesAMachineOfAFileOfHwloc) {
  const auto machine = simulate("hwloc:" BERTH_TEST_DATA_DIR "/machines/two_numa_nodes/topology.xml");
  EXPECT_EQ(machine.find(Device::cpu())->cpu->numa_nodes.size(), 2U);
  EXPECT_THAT(links(machine), ElementsAre("numa:0 - numa:1 0"));
  EXPECT_EQ(Inventory::from_dict(machine.to_dict()), machine);
  EXPECT_THROW(simulate("hwloc:nonesuch.xml"), std::filesystem::filesystem_error);
  EXPECT_THROW(simulate("hwloc:" BERTH_TEST_DATA_DIR "/../../docs/inventory.md"), std::invalid_argument);
}

TEST(Simulate, HardwareThreadsWithoutCoresAreCores) {
  for (const auto* text : {"hwloc:pu:4", "hwloc:4"}) {
    const auto cpu = *simulate(text).find(Device::cpu())->cpu;
    EXPECT_EQ(cpu.cores, 4) << text;
    EXPECT_EQ(cpu.usable_cores, 4) << text;
    ASSERT_EQ(cpu.numa_nodes.size(), 1U) << text;
    EXPECT_EQ(cpu.numa_nodes[0].cores, 4) << text;
  }
  const auto cpu = *simulate("hwloc:numa:2 pu:3").find(Device::cpu())->cpu;
  EXPECT_EQ(cpu.cores, 6);
  EXPECT_EQ(cpu.numa_nodes.at(1).cores, 3);
}

std::string topology(const std::string& name) { return "hwloc:" BERTH_TEST_DATA_DIR "/topologies/" + name + ".xml"; }

TEST(Simulate, WhatATopologyDisallowsDoesNotCount) {
  const auto machine = simulate("hwloc:" BERTH_TEST_DATA_DIR "/corpus/faults/machines/allowed_cpuset.xml");
  const auto& info = *machine.find(Device::cpu());
  EXPECT_EQ(info.cpu->cores, 4);
  EXPECT_EQ(info.cpu->usable_cores, 2);
  EXPECT_EQ(info.total_bytes, gib);
  EXPECT_EQ(machine.pool("ram")->total_bytes, gib);
  EXPECT_EQ(machine.pool("ram")->limited_by, "allowed_nodeset of the topology");
  EXPECT_EQ(info.cpu->numa_nodes.at(1).free_bytes, 0U);
  EXPECT_EQ(Inventory::from_dict(machine.to_dict()), machine);
}

TEST(Simulate, FindsTheGpusOfATopologyEachOnce) {
  const auto machine = simulate(topology("nvlink_switch"));
  ASSERT_EQ(machine.devices.size(), 5U);
  const auto& first = *machine.find(Device::gpu(0));
  EXPECT_EQ(first.name, "simulated NVIDIA H100 80GB HBM3");
  EXPECT_EQ(first.vendor, "NVIDIA");
  EXPECT_EQ(first.pci_id, "0000:c3:00.0") << "CUDA's order counts";
  EXPECT_EQ(first.uuid, "simulated-GPU-00000003");
  EXPECT_EQ(first.total_bytes, (83516480ULL - 3) * 1024);
  EXPECT_EQ(first.numa_node, 1);
  EXPECT_THAT(first.apis, ElementsAre(DeviceName{"cuda", "0"}, DeviceName{"nvml", "3"}, DeviceName{"opencl", "0.3"}));
  EXPECT_EQ(machine.pool("cuda:0")->total_bytes, first.total_bytes);
  EXPECT_THAT(links(machine),
              UnorderedElementsAre("numa:1 - cuda:0 63015", "numa:1 - cuda:1 63015", "numa:0 - cuda:2 63015",
                                   "numa:0 - cuda:3 63015", "cuda:0 - cuda:1 450000", "cuda:0 - cuda:2 450000",
                                   "cuda:0 - cuda:3 450000", "cuda:1 - cuda:2 450000", "cuda:1 - cuda:3 450000",
                                   "cuda:2 - cuda:3 450000"));
  EXPECT_THAT(machine.probes.at(0).notes, IsEmpty());
  EXPECT_EQ(Inventory::from_dict(machine.to_dict()), machine);
}

TEST(Simulate, FindsDirectLinksOfATopology) {
  const auto machine = simulate(topology("nvlink_direct"));
  EXPECT_EQ(machine.devices.size(), 4U);
  EXPECT_THAT(links(machine), UnorderedElementsAre("numa:0 - cuda:0 31507", "numa:0 - cuda:1 31507",
                                                   "numa:0 - cuda:2 31507", "cuda:0 - cuda:1 56248"));
  EXPECT_THAT(machine.links, Contains(Field(&Link::kind, LinkKind::nvlink)));
}

TEST(Simulate, FindsGpusOfSeveralVendorsInATopology) {
  const auto machine = simulate(topology("several_vendors"));
  std::vector<std::string> found;
  for (const auto& info : machine.devices) found.push_back(info.device.str() + " " + info.pool + " " + info.name);
  EXPECT_THAT(found, ElementsAre("cpu ram simulated Test CPU", "cuda:0 cuda:0 simulated AMD Instinct MI250X",
                                 "cuda:1 cuda:1 simulated AMD Instinct MI250X",
                                 "xpu:0 xpu:0 simulated Intel(R) Data Center GPU Max 1550",
                                 "xpu:1 ram simulated Intel(R) UHD Graphics 770"));
  EXPECT_TRUE(machine.find(Device(DeviceType::xpu, 1))->integrated);
  EXPECT_EQ(machine.find(Device(DeviceType::xpu, 0))->total_bytes, 128 * gib);
  EXPECT_THAT(links(machine), Contains("cuda:0 - cuda:1 100000"));
  EXPECT_THAT(machine.probes.at(0).notes,
              ElementsAre(HasSubstr("0000:65:00.0 (NVIDIA AD102 [GeForce RTX 4090]) is left out")));
  EXPECT_EQ(Inventory::from_dict(machine.to_dict()), machine);
}

TEST(Simulate, SaysThatATopologyIsOfANewerFormat) {
  try {
    simulate(topology("format3"));
    FAIL() << "was read";
  } catch (const FormatError& error) {
    EXPECT_EQ(error.offset(), 89U);
    EXPECT_THAT(error.what(),
                HasSubstr("format3.xml: byte 89: found format 3 of hwloc's XML, expected a format up to 2"));
  }
}

TEST(Simulate, SaysWhyAFileOfHwlocCannotBeRead) {
  const auto problem = [](const std::string& text) -> std::string {
    try {
      simulate(text);
    } catch (const std::filesystem::filesystem_error& error) {
      return error.what();
    }
    return "was read";
  };
  EXPECT_THAT(problem("hwloc:/missing.xml"), HasSubstr("No such file or directory [/missing.xml]"));
  EXPECT_THAT(problem("hwloc:/dev/null/no.xml"), HasSubstr("Not a directory"));
}

TEST(Simulate, RefusesTopologiesOfAbsurdSize) {
  EXPECT_EQ(refused("hwloc:package:1 [numa(memory=-5)] core:1 pu:1"), "the topology has more than 1024 PiB of memory");
  EXPECT_EQ(refused("hwloc:package:16 [numa(memory=1152921504606846976)] core:1 pu:1"),
            "the topology has more than 1024 PiB of memory");
  EXPECT_EQ(refused("hwloc:package:1 l3:1(size=-5) core:1 pu:1"), "the topology has a cache of more than 1024 PiB");
}

TEST(Simulate, RefusesWhatIsNoTopologyOfHwloc) {
  EXPECT_THAT(refused("hwloc:nonsense"), HasSubstr("'nonsense' is no synthetic topology"));
  EXPECT_THAT(refused("hwloc:"), HasSubstr("is no synthetic topology"));
}

}  // namespace
}  // namespace berth
