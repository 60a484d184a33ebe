#include "discover/merge.h"

#include <gtest/gtest.h>

#include "inventory/inventory_check.h"
#include "random_values.h"

namespace berth::discovery {
namespace {

Findings seen_by(std::string probe, std::vector<DeviceInfo> devices) {
  return {.report = {.probe = std::move(probe), .outcome = ProbeOutcome::found}, .devices = std::move(devices)};
}

TEST(Merge, MakesOneEntryOfOnePieceOfHardware) {
  const DeviceInfo cuda{.device = Device::gpu(0),
                        .name = "NVIDIA RTX 4090",
                        .pool = "cuda:0",
                        .total_bytes = 24,
                        .free_bytes = 20,
                        .pci_id = "0000:01:00.0",
                        .uuid = "GPU-0a1b2c3d-0000-1111-2222-333344445555",
                        .apis = {{"cuda", "0"}}};
  const DeviceInfo vulkan{.device = Device::vulkan(1),
                          .name = "RTX 4090 (Vulkan)",
                          .pool = "vulkan:1",
                          .total_bytes = 25,
                          .free_bytes = 25,
                          .uuid = "0A1B2C3D000011112222333344445555",
                          .driver = "580.65",
                          .apis = {{"vulkan", "1"}}};
  const auto inventory = merge({seen_by("cuda", {cuda}), seen_by("vulkan", {vulkan})});
  ASSERT_EQ(inventory.devices.size(), 1U);
  const auto& info = inventory.devices[0];
  EXPECT_EQ(info.device, Device::gpu(0));
  EXPECT_EQ(info.name, "NVIDIA RTX 4090");
  EXPECT_EQ(info.free_bytes, 20U) << "what comes first says how much memory there is";
  EXPECT_EQ(info.pool, "cuda:0");
  EXPECT_EQ(info.driver, "580.65");
  EXPECT_EQ(info.apis, (std::vector<DeviceName>{{"cuda", "0"}, {"vulkan", "1"}}));
  EXPECT_EQ(inventory.probes.size(), 2U);
}

TEST(Merge, LinksAndPoolsGoByTheFinalNames) {
  auto vulkan = seen_by("vulkan", {{.device = Device::vulkan(0), .pool = "vulkan:0", .pci_id = "0000:01:00.0"},
                                   {.device = Device::vulkan(1), .pool = "vulkan:1", .pci_id = "0000:02:00.0"}});
  vulkan.pools = {{.id = "vulkan:0", .total_bytes = 1}, {.id = "vulkan:1", .total_bytes = 2}};
  vulkan.links = {{.from = "vulkan:0", .to = "vulkan:1"}};
  auto cuda =
      seen_by("cuda", {{.device = Device::gpu(0), .pool = "cuda:0", .total_bytes = 3, .pci_id = "0000:02:00.0"}});
  cuda.pools = {{.id = "cuda:0", .total_bytes = 3}};
  const auto inventory = merge({cuda, vulkan});
  ASSERT_EQ(inventory.links.size(), 1U);
  EXPECT_EQ(inventory.links[0].from, "vulkan:0");
  EXPECT_EQ(inventory.links[0].to, "cuda:0");
  EXPECT_EQ(inventory.pools,
            (std::vector<MemoryPool>{{.id = "cuda:0", .total_bytes = 3}, {.id = "vulkan:0", .total_bytes = 1}}));
}

TEST(Merge, MigInstancesStayApartAndKnowTheirGpu) {
  DeviceInfo first{.device = Device::gpu(0), .total_bytes = 10, .pci_id = "0000:65:00.0", .uuid = "MIG-1"};
  first.gpu = GpuInfo{.mig_profile = "1g.10gb"};
  DeviceInfo second = first;
  second.device = Device::gpu(1);
  second.uuid = "MIG-2";
  Findings nvml{.report = {.probe = "nvml"}};
  nvml.sightings = {{.pci_id = "0000:65:00.0", .uuid = "GPU-9", .driver = "580.65"}};
  nvml.sightings[0].total_bytes = 80;
  const auto inventory = merge({seen_by("cuda", {first, second}), nvml});
  ASSERT_EQ(inventory.devices.size(), 2U);
  for (const auto& info : inventory.devices) {
    EXPECT_EQ(info.driver, "580.65");
    EXPECT_EQ(info.total_bytes, 10U);
    EXPECT_TRUE(info.uuid.starts_with("MIG-"));
  }
}

TEST(Merge, SightingsSayWhatIsInUseAndEndLinksByUuid) {
  auto cuda = seen_by(
      "cuda", {{.device = Device::gpu(0), .pool = "cuda:0", .total_bytes = 9, .free_bytes = 9, .uuid = "GPU-1"},
               {.device = Device::gpu(1), .pool = "cuda:1", .total_bytes = 9, .free_bytes = 9, .uuid = "GPU-2"}});
  cuda.pools = {{"cuda:0", PoolKind::device, 9, 9, {}}, {"cuda:1", PoolKind::device, 9, 9, {}}};
  Findings nvml{.report = {.probe = "nvml"}};
  nvml.sightings = {{.total_bytes = 9, .free_bytes = 4, .uuid = "GPU-2", .gpu = GpuInfo{.power_w = 30}}};
  nvml.links = {{.from = "GPU-1", .to = "GPU-2", .kind = LinkKind::nvlink}, {.from = "GPU-1", .to = "GPU-gone"}};
  const auto inventory =
      merge({seen_by("cpu", {{.device = Device::cpu(), .pool = "ram", .total_bytes = 5}}), cuda, nvml});
  EXPECT_EQ(inventory.find(Device::gpu(0))->free_bytes, 9U);
  EXPECT_EQ(inventory.find(Device::gpu(1))->free_bytes, 4U);
  EXPECT_EQ(inventory.pool("cuda:1")->free_bytes, 4U);
  EXPECT_EQ(inventory.find(Device::gpu(1))->gpu->power_w, 30);
  EXPECT_FALSE(inventory.find(Device::cpu())->gpu) << "a sighting without identity is nobody's";
  ASSERT_EQ(inventory.links.size(), 1U);
  EXPECT_EQ(inventory.links[0].from + " " + inventory.links[0].to, "cuda:0 cuda:1");
}

TEST(Merge, ANameThatTwoPiecesClaimGoesToTheFirst) {
  const auto inventory =
      merge({seen_by("cuda", {{.device = Device::gpu(0), .pool = "cuda:0", .pci_id = "0000:01:00.0"}}),
             seen_by("rocm", {{.device = Device::gpu(0), .pool = "cuda:0", .pci_id = "0000:02:00.0"}})});
  ASSERT_EQ(inventory.devices.size(), 2U);
  EXPECT_EQ(inventory.devices[1].device, Device::gpu(1));
  EXPECT_EQ(inventory.devices[1].pci_id, "0000:02:00.0");
  EXPECT_EQ(inventory.devices[1].pool, "cuda:1") << "its memory is its own";
}

TEST(Merge, EnginesAreMatchedByHardwareNameOrIndex) {
  const auto probes = std::vector{
      seen_by("cpu", {{.device = Device::cpu(), .name = "EPYC", .pool = "ram", .total_bytes = 7}}),
      seen_by("cuda",
              {{.device = Device::gpu(0), .pci_id = "0000:01:00.0", .apis = {{"cuda", "0"}, {"vulkan", "3"}}}})};
  const auto engine = seen_by("llama.cpp", {{.device = Device::cpu(), .engines = {{"llama.cpp", "CPU"}}},
                                            {.device = Device::gpu(0), .engines = {{"llama.cpp", "CUDA0"}}},
                                            {.device = Device::vulkan(3), .engines = {{"llama.cpp", "Vulkan3"}}},
                                            {.device = Device::rpc(0), .engines = {{"llama.cpp", "RPC0"}}}});
  const auto inventory = merge(probes, {engine});
  ASSERT_EQ(inventory.devices.size(), 3U);
  EXPECT_EQ(inventory.find(Device::cpu())->name, "EPYC");
  EXPECT_EQ(inventory.find(Device::gpu(0))->engines,
            (std::vector<DeviceName>{{"llama.cpp", "CUDA0"}, {"llama.cpp", "Vulkan3"}}));
  EXPECT_NE(inventory.find(Device::rpc(0)), nullptr);
}

TEST(Merge, AnEngineIsMatchedByAddressBeforeItsName) {
  const auto probes =
      std::vector{seen_by("cuda", {{.device = Device::gpu(0), .pool = "cuda:0", .pci_id = "0000:01:00.0"}}),
                  seen_by("rocm", {{.device = Device::gpu(0), .pool = "cuda:0", .pci_id = "0000:03:00.0"}})};
  const auto engine = seen_by(
      "llama.cpp",
      {{.device = Device::gpu(0), .pci_id = "0000:03:00.0", .engines = {{"llama.cpp", "ROCm0"}}},
       {.device = Device::gpu(1), .pool = "cuda:1", .pci_id = "0000:04:00.0", .engines = {{"llama.cpp", "ROCm1"}}}});
  const auto inventory = merge(probes, {engine});
  EXPECT_EQ(inventory.find(Device::gpu(0))->engines, (std::vector<DeviceName>{}));
  EXPECT_EQ(inventory.find(Device::gpu(1))->engines, (std::vector<DeviceName>{{"llama.cpp", "ROCm0"}}));
  EXPECT_EQ(inventory.find(Device::gpu(2))->engines, (std::vector<DeviceName>{{"llama.cpp", "ROCm1"}}))
      << "one that no probe saw is another, whatever its name";
}

TEST(Merge, AnIndexCountsInTheApiThatSaysItOnly) {
  const auto probes = std::vector{seen_by("cuda", {{.device = Device::gpu(0), .apis = {{"cuda", "0"}}}}),
                                  seen_by("rocm", {{.device = Device::gpu(0), .apis = {{"hip", "0"}}}})};
  const auto inventory = merge(
      probes, {seen_by("llama.cpp",
                       {{.device = Device::gpu(0), .engines = {{"llama.cpp", "ROCm0"}}, .apis = {{"hip", "0"}}}})});
  EXPECT_EQ(inventory.find(Device::gpu(0))->engines, (std::vector<DeviceName>{}));
  EXPECT_EQ(inventory.find(Device::gpu(1))->engines, (std::vector<DeviceName>{{"llama.cpp", "ROCm0"}}));
}

TEST(Merge, WhatAnEngineListsAndNothingTellsApartIsNobodys) {
  const auto probes =
      std::vector{seen_by("vulkan", {{.device = Device::vulkan(0), .name = "Arc", .apis = {{"vulkan", "0"}}},
                                     {.device = Device::vulkan(1), .name = "Arc", .apis = {{"vulkan", "1"}}},
                                     {.device = Device::vulkan(2), .name = "Iris", .apis = {{"vulkan", "2"}}}})};
  const auto engine = [](const std::string& name) {
    return seen_by("llama.cpp", {{.device = Device::vulkan(0), .name = name, .engines = {{"llama.cpp", "Vulkan0"}}}});
  };
  const auto unknown = merge(probes, {engine("Arc")});
  EXPECT_EQ(unknown.devices.size(), 3U) << "it is one of them, not another one";
  for (const auto& info : unknown.devices) EXPECT_TRUE(info.engines.empty()) << info.device.str();
  EXPECT_EQ(unknown.probes.back().notes,
            (std::vector<std::string>{
                "Vulkan0 (Arc) tells neither a UUID nor a PCI address and may be vulkan:0 or vulkan:1: it "
                "is not used, as nothing tells which it is"}));
  EXPECT_EQ(merge(probes, {engine("Iris")}).find(Device::vulkan(2))->engines,
            (std::vector<DeviceName>{{"llama.cpp", "Vulkan0"}}));
}

TEST(Merge, AnEngineThatUsesWorkersUsesThoseThatWereFound) {
  auto engine = seen_by("llama.cpp", {});
  const auto worker = seen_by("rpc", {{.device = Device::rpc(0), .remote = RemoteInfo{"worker:50052", "7.0.0", 1}},
                                      {.device = Device::rpc(1), .remote = RemoteInfo{"[fe80::1]:50052", "7.0.0", 0}}});
  EXPECT_TRUE(merge({worker}, {engine}).devices[0].engines.empty());
  engine.uses_workers = true;
  const auto inventory = merge({worker}, {Findings::from_json(engine.to_json())});
  EXPECT_EQ(inventory.devices[0].engines, (std::vector<DeviceName>{{"llama.cpp", "worker:50052/1"}}));
  EXPECT_EQ(inventory.devices[0].key().number, 1U);
  EXPECT_EQ(inventory.devices[1].engines, (std::vector<DeviceName>{{"llama.cpp", "[fe80::1]:50052/0"}}));
}

TEST(Merge, OneUuidAtTwoAddressesIsTwoPieces) {
  const std::string uuid = "8680a056-0800-0000-0000-000000000000";
  const auto inventory =
      merge({seen_by("level_zero", {{.device = Device(DeviceType::xpu, 0), .pci_id = "0000:03:00.0", .uuid = uuid}}),
             seen_by("vulkan", {{.device = Device::vulkan(0), .pci_id = "0000:04:00.0", .uuid = uuid}})});
  EXPECT_EQ(inventory.devices.size(), 2U);
}

TEST(Merge, APoolGoesByTheFinalNameOfItsDevice) {
  const auto unknown = seen_by("rocm", {{.device = Device::gpu(0), .uuid = "GPU-1"}});
  auto cuda = seen_by("cuda", {{.device = Device::gpu(0), .pool = "cuda:0", .total_bytes = 5, .uuid = "GPU-2"},
                               {.device = Device::gpu(1), .pool = "cuda:1", .total_bytes = 16, .uuid = "GPU-1"}});
  cuda.pools = {{.id = "cuda:0", .kind = PoolKind::device, .total_bytes = 5},
                {.id = "cuda:1", .kind = PoolKind::device, .total_bytes = 16}};
  const auto inventory = merge({unknown, cuda});
  for (const auto& info : inventory.devices) {
    EXPECT_EQ(info.total_bytes, info.uuid == "GPU-1" ? 16U : 5U);
    EXPECT_EQ(info.pool, info.device.str());
    EXPECT_EQ(inventory.pool(info.pool)->total_bytes, info.total_bytes);
  }
}

TEST(Merge, ADeviceHasNoMoreThanItsPool) {
  auto disk =
      seen_by("disk", {{.device = Device(DeviceType::disk), .pool = "ram", .total_bytes = 50, .free_bytes = 40}});
  disk.pools = {{.id = "ram", .total_bytes = 16, .free_bytes = 9}};
  const auto inventory = merge({disk});
  EXPECT_EQ(inventory.devices[0].total_bytes, 16U);
  EXPECT_EQ(inventory.devices[0].free_bytes, 9U);
}

TEST(Merge, FreeMemoryIsThatOfTheProbeWhichKnowsIt) {
  const auto seen = [](std::string probe, std::uint64_t free, bool known) {
    return seen_by(std::move(probe), {{.device = Device::gpu(0),
                                       .pool = "cuda:0",
                                       .total_bytes = 24,
                                       .free_bytes = free,
                                       .free_is_known = known,
                                       .uuid = "GPU-1"}});
  };
  const auto unknown = merge({seen("cuda", 24, false)});
  EXPECT_EQ(unknown.devices[0].free_bytes, 24U);
  EXPECT_EQ(unknown.devices[0].note, "How much of its memory is in use is not known");

  const auto later = merge({seen("cuda", 24, false), seen("vulkan", 6, true)});
  EXPECT_EQ(later.devices[0].free_bytes, 6U);
  EXPECT_EQ(later.devices[0].note, "");

  Findings nvml{.report = {.probe = "nvml"}, .sightings = seen("nvml", 0, true).devices};
  EXPECT_EQ(merge({seen("cuda", 24, false), nvml}).devices[0].free_bytes, 0U) << "a full GPU is full";
  Findings opencl{.report = {.probe = "opencl"}, .sightings = seen("opencl", 0, false).devices};
  EXPECT_EQ(merge({seen("cuda", 20, true), opencl}).devices[0].free_bytes, 20U);
}

TEST(Merge, NamesAreUniqueSortedAndTheSameEachTime) {
  test::Random random;
  for (int i = 0; i < 500; ++i) {
    std::vector<Findings> findings;
    for (int n = random.below(4); n > 0; --n) {
      std::vector<DeviceInfo> devices;
      for (int d = random.below(5); d > 0; --d) {
        DeviceInfo info{.device = Device(random.device(false).type(), random.below(3)), .pool = random.name()};
        if (random.coin()) info.pci_id = "0000:0" + std::to_string(random.below(4)) + ":00.0";
        if (random.coin()) info.uuid = "GPU-" + std::to_string(random.below(4));
        devices.push_back(std::move(info));
      }
      findings.push_back(seen_by("probe", std::move(devices)));
    }
    const auto inventory = merge(findings);
    for (std::size_t d = 1; d < inventory.devices.size(); ++d)
      ASSERT_LT(inventory.devices[d - 1].device, inventory.devices[d].device);
    ASSERT_EQ(inventory, merge(findings));
    ASSERT_NO_THROW(check_inventory(inventory));
  }
}

}  // namespace
}  // namespace berth::discovery
