#include "berth/resolve.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>

#include "berth/error.h"
#include "json_file.h"
#include "machine_of.h"
#include "random_values.h"
#include "refusal.h"

namespace berth {
namespace {

using test::machine_of;
using test::usable;

ComponentDevice resolved(const std::vector<Device>& available, const ResolvePolicy& policy = {}) {
  return resolve({}, machine_of(available), policy).device;
}

std::string refusal(const ResolveRequest& request, const Inventory& inventory, const ResolvePolicy& policy = {}) {
  try {
    resolve(request, inventory, policy);
  } catch (const DeviceNotFound& problem) {
    return problem.what();
  }
  return "nothing was refused";
}

TEST(Resolve, TakesHaystacksOrder) {
  EXPECT_EQ(resolved({Device::cpu(), Device::mps(), Device::xpu(), Device::gpu(0)}), ComponentDevice(Device::gpu(0)));
  EXPECT_EQ(resolved({Device::cpu(), Device::mps(), Device(DeviceType::xpu, 0)}), ComponentDevice(Device::xpu()));
  EXPECT_EQ(resolved({Device::cpu(), Device(DeviceType::mps, 0)}), ComponentDevice(Device::mps()));
  EXPECT_EQ(resolved({Device::cpu()}), ComponentDevice(Device::cpu()));
  EXPECT_EQ(resolved({}), ComponentDevice(Device::cpu()));
}

TEST(Resolve, TakesTheFirstDeviceOfATypeThatIsThereAndUsable) {
  EXPECT_EQ(resolved({Device::cpu(), Device::gpu(2147483647)}), ComponentDevice(Device::gpu(2147483647)));
  EXPECT_EQ(resolved({Device::cpu(), Device(DeviceType::xpu, 2), Device(DeviceType::xpu, 1)}),
            ComponentDevice(Device(DeviceType::xpu, 1)))
      << "engines take xpu for xpu:0";
  auto inventory = machine_of({Device::cpu(), Device::gpu(0), Device::gpu(1), Device::gpu(2)});
  inventory.devices[1].engines.clear();
  EXPECT_EQ(resolve({}, inventory).str(),
            "cuda:0: not taken, no engine of this build can use it\n"
            "cuda:1: taken, the first of cuda, xpu, mps, cpu that is available\n"
            "cuda:2: not taken, cuda:1 comes first\n"
            "xpu: not taken, this machine has none\n"
            "mps: not taken, this machine has none\n"
            "cpu: not taken, cuda:1 comes first");
}

TEST(Resolve, SaysWhereTheCpuIsTheLastResort) {
  EXPECT_EQ(resolve({}, {}).reasons.back().why, "the last resort, though this machine has none");
  auto inventory = machine_of({Device::cpu(), Device::vulkan(0)});
  inventory.devices[0].engines.clear();
  const auto resolution = resolve({}, inventory);
  EXPECT_EQ(resolution.device, ComponentDevice(Device::cpu()));
  EXPECT_EQ(resolution.reasons.at(3),
            (ResolveReason{Device::cpu(), true, "the last resort, though no engine of this build can use it"}));
}

TEST(Resolve, LeavesOutWhatIsSwitchedOffUnlessItIsNamed) {
  const std::vector<Device> all = {Device::cpu(), Device::mps(), Device::xpu()};
  const auto wished = [&](std::string_view wish) {
    return resolve(Wish::from_str(wish), machine_of(all), {.xpu_enabled = false}).device;
  };
  EXPECT_EQ(wished("xpu"), ComponentDevice(Device::xpu()));
  EXPECT_EQ(wished("cuda or xpu"), ComponentDevice(Device::xpu()));
  EXPECT_EQ(wished("gpu"), ComponentDevice(Device::mps()));
  EXPECT_EQ(wished("any"), ComponentDevice(Device::mps()));
  EXPECT_EQ(resolved(all, {.xpu_enabled = false}), ComponentDevice(Device::mps()));
  EXPECT_EQ(resolved(all, {.mps_enabled = false, .xpu_enabled = false}), ComponentDevice(Device::cpu()));
}

TEST(Resolve, NeverTakesByItselfWhatOnlyBerthKnows) {
  const std::vector<Device> own = {Device::vulkan(0), Device::npu(), Device::rpc(0)};
  EXPECT_EQ(resolved(own), ComponentDevice(Device::cpu()));
  EXPECT_EQ(resolve(Device::vulkan(0), machine_of(own)).device, ComponentDevice(Device::vulkan(0)));
  EXPECT_EQ(resolve(Wish::from_str("gpu"), machine_of(own)).device, ComponentDevice(Device::vulkan(0)));
}

TEST(Resolve, SaysWhy) {
  auto inventory = machine_of({Device::cpu(), Device::mps(), Device::xpu(), Device::vulkan(0)});
  EXPECT_EQ(resolve({}, inventory, {.xpu_enabled = false}).str(),
            "cuda:0: not taken, this machine has none\n"
            "xpu: not taken, left out by HAYSTACK_XPU_ENABLED=false\n"
            "mps: taken, the first of cuda, xpu, mps, cpu that is available\n"
            "cpu: not taken, mps comes first\n"
            "vulkan:0: not taken, only used where it is asked for by name");
  EXPECT_EQ(resolve(Device::mps(), inventory).str(), "mps: taken, given");
}

TEST(Resolve, CountsOnlyWhatAnEngineCanUse) {
  auto inventory = machine_of({Device::cpu(), Device::gpu(0), Device::gpu(1)});
  inventory.devices[1].engines.clear();
  EXPECT_EQ(resolve(Wish::from_str("gpu"), inventory).device, ComponentDevice(Device::gpu(1)));
  EXPECT_EQ(resolve({}, inventory).device, ComponentDevice(Device::gpu(1)));
  inventory.devices[2].engines.clear();
  EXPECT_EQ(resolve({}, inventory).device, ComponentDevice(Device::cpu()));
  EXPECT_EQ(resolve({}, inventory).reasons[0].why, "no engine of this build can use it");
  EXPECT_EQ(refusal(Wish::from_str("gpu"), inventory),
            "No device of this machine meets the wish 'gpu'; nearest is cuda:0: no engine of this build can use it; "
            "cuda:1: no engine of this build can use it; cpu: of another type than was asked for");
}

TEST(Resolve, KnowsThatEveryDeviceComputesInFp32) {
  auto inventory = machine_of({Device::cpu()});
  inventory.devices[0].types = {"int8"};
  EXPECT_EQ(resolve(Wish::from_str("fp32, int8"), inventory).device, ComponentDevice(Device::cpu()));
  EXPECT_EQ(refusal(Wish::from_str("bf16"), inventory),
            "No device of this machine meets the wish 'bf16'; nearest is cpu: it does not compute in bf16");
}

TEST(Resolve, NamesTheNearestFirstAndNotAll) {
  Inventory inventory;
  inventory.devices.push_back(usable(Device::cpu(), 64));
  for (int i = 0; i < 4095; ++i) inventory.devices.push_back(usable(Device::gpu(i), i == 7 ? 24 : 1));
  const auto problem = refusal(Wish::from_str("cuda, 80 B"), inventory);
  EXPECT_TRUE(problem.starts_with(
      "No device of this machine meets the wish 'cuda, 80 B free'; nearest is cuda:7: 24 B free, 80 B were asked for; "
      "cuda:0: 1 B free"))
      << problem;
  EXPECT_TRUE(problem.ends_with("; and 4088 more")) << problem;
  EXPECT_EQ(refusal(Device::gpu(5000), inventory),
            "This machine has no device 'cuda:5000'; it has cuda:0, cuda:1, cuda:2, cuda:3, cuda:4, cuda:5, cuda:6, "
            "cuda:7, and 4088 more");
  EXPECT_EQ(refusal(Device::gpu(0), {}), "This machine has no device 'cuda:0'; it has none");
  EXPECT_EQ(refusal(Wish{}, {}), "No device of this machine meets the wish 'auto'; it has none");
}

TEST(Resolve, GuessesWhichEngineWasMeant) {
  const auto inventory = machine_of({Device::cpu()});
  EXPECT_EQ(
      refusal(Wish::from_str("engine lama.cpp"), inventory),
      "No device of this machine meets the wish 'engine lama.cpp'; nearest is cpu: lama.cpp cannot use it; did you "
      "mean 'llama.cpp'?");
  EXPECT_EQ(
      refusal(Wish::from_str("npu, engine llama.cpp"), inventory),
      "No device of this machine meets the wish 'npu, engine llama.cpp'; nearest is cpu: of another type than was "
      "asked for");
}

TEST(Resolve, SaysOfAWorkerThatIsNotThereWhatItsProbeSaid) {
  auto inventory = machine_of({Device::cpu()});
  inventory.probes = {{.probe = "cuda", .message = "no driver"},
                      {.probe = "rpc", .message = "den:1 cannot be reached", .notes = {"attic:1 cannot be reached"}}};
  EXPECT_EQ(refusal(Device::rpc(0), inventory),
            "This machine has no device 'rpc:0'; it has cpu; den:1 cannot be reached; attic:1 cannot be reached");
}

TEST(Resolve, RefusesDevicesThatAreNotThereAndNamesTheNearest) {
  const auto inventory = machine_of({Device::cpu(), Device::gpu(0), Device::gpu(1)});
  EXPECT_EQ(refusal(Device::gpu(7), inventory), "This machine has no device 'cuda:7'; it has cuda:0, cuda:1, cpu");
  EXPECT_EQ(refusal(ComponentDevice(DeviceMap{{"a", Device::gpu(1)}, {"b", Device::xpu()}}), inventory),
            "This machine has no device 'xpu' (of 'b' in the map); it has cpu, cuda:0, cuda:1");
  const ComponentDevice with_disk(DeviceMap{{"a", Device::gpu(1)}, {"b", Device::disk()}});
  EXPECT_EQ(resolve(with_disk, inventory).device, with_disk);
  EXPECT_EQ(resolve(with_disk, inventory).str(),
            R"({"a": "cuda:1", "b": "disk"}: taken, given; the machine lists no disk)");
  EXPECT_EQ(refusal(ComponentDevice(DeviceMap{{"a", Device(DeviceType::disk, 77)}}), inventory),
            "This machine has no device 'disk:77' (of 'a' in the map); it has cpu, cuda:0, cuda:1");
  EXPECT_EQ(resolve(Device::gpu(std::nullopt), inventory).device, ComponentDevice(Device::gpu(std::nullopt)));
  EXPECT_EQ(resolve(Device(DeviceType::cpu, 0), inventory).device, ComponentDevice(Device(DeviceType::cpu, 0)));
}

TEST(Resolve, SaysOfWhatIsGivenThatNoEngineCanUseIt) {
  auto inventory = machine_of({Device::cpu(), Device(DeviceType::npu, 0), Device::disk()});
  inventory.devices[1].engines.clear();
  inventory.devices[2].engines.clear();
  const Device npu(DeviceType::npu, 0);
  EXPECT_EQ(resolve(npu, inventory).str(), "npu:0: taken, given; no engine of this build can use npu:0");
  const DeviceMap map{{"a", npu}, {"b", Device::disk()}, {"c", npu}, {"d", Device::cpu()}};
  EXPECT_EQ(resolve(map, inventory).reasons[0].why, "given; no engine of this build can use npu:0");
}

TEST(Resolve, TakesTheAcceleratorWithTheMostFreeMemory) {
  Inventory inventory;
  inventory.devices = {usable(Device::cpu(), 64), usable(Device::gpu(0), 10), usable(Device::gpu(1), 20)};
  const ResolvePolicy most_free{.rule = ResolveRule::most_free};
  EXPECT_EQ(resolve({}, inventory, most_free).device, ComponentDevice(Device::gpu(1)));
  EXPECT_EQ(resolve({}, inventory, most_free).str(),
            "cpu: not taken, cuda:1 is preferred\n"
            "cuda:0: not taken, cuda:1 is preferred\n"
            "cuda:1: taken, the accelerator with the most free memory");
  EXPECT_EQ(resolve(Wish{.except = {DeviceType::cuda}}, inventory, most_free).device, ComponentDevice(Device::cpu()));
}

TEST(Resolve, TakesTheFastestWhereAllAreMeasured) {
  Inventory inventory;
  inventory.devices = {usable(Device::cpu(), 64), usable(Device::gpu(0), 10), usable(Device::gpu(1), 20)};
  const ResolvePolicy fastest{.rule = ResolveRule::fastest};
  EXPECT_EQ(resolve({}, inventory, fastest).device, ComponentDevice(Device::gpu(0)));
  inventory.devices[0].speed = {.memory_bytes_per_s = 1e10};
  inventory.devices[1].speed = {.memory_bytes_per_s = 1e11};
  EXPECT_EQ(resolve({}, inventory, fastest).reasons[1].why, "the first by type, as not all are measured");
  inventory.devices[2].speed = {.memory_bytes_per_s = 1e12};
  EXPECT_EQ(resolve({}, inventory, fastest).device, ComponentDevice(Device::gpu(1)));
}

TEST(Resolve, LetsTheCallerChoose) {
  const auto inventory = machine_of({Device::cpu(), Device::gpu(0), Device::gpu(1)});
  const auto last = [](std::span<const DeviceInfo* const> candidates) { return candidates.back(); };
  EXPECT_EQ(resolve({}, inventory, {.choose = last}).device, ComponentDevice(Device::gpu(1)));
  const auto none = [](std::span<const DeviceInfo* const>) -> const DeviceInfo* { return nullptr; };
  EXPECT_EQ(refusal({}, inventory, {.choose = none}),
            "The caller took none of the devices that meet the wish 'auto'; there is no other device");
}

TEST(Resolve, RefusesAChoiceThatIsNoCandidate) {
  const auto inventory = machine_of({Device::cpu(), Device::gpu(0)});
  const auto elsewhere = usable(Device::gpu(0));
  const auto foreign = [&](std::span<const DeviceInfo* const>) { return &elsewhere; };
  EXPECT_THROW(resolve({}, inventory, {.choose = foreign}), std::invalid_argument);
  const auto unmet = [&](std::span<const DeviceInfo* const>) { return &inventory.devices[0]; };
  EXPECT_THROW(resolve(Wish::from_str("gpu"), inventory, {.choose = unmet}), std::invalid_argument);
}

TEST(Resolve, AnswersWhatTheWishAsksForWithExactlyOneReasonTakenOrRefuses) {
  test::Random random;
  int resolved = 0;
  for (int i = 0; i < 2000; ++i) {
    Inventory inventory;
    for (int n = random.below(6); n > 0; --n) {
      auto info =
          usable(Device(random.device().type(), random.below(4)), static_cast<std::uint64_t>(random.below(100)));
      if (inventory.find(info.device) == nullptr) inventory.devices.push_back(std::move(info));
    }
    Wish wish{.min_free_bytes = static_cast<std::uint64_t>(random.below(100))};
    if (random.coin()) wish.except.push_back(random.device().type());
    if (random.coin()) wish.only = {random.device().type(), random.device().type()};
    const ResolvePolicy policy{random.coin(), random.coin(), static_cast<ResolveRule>(random.below(3))};
    const ResolveRequest request = random.coin() ? ResolveRequest(wish) : ResolveRequest();
    try {
      const auto resolution = resolve(request, inventory, policy);
      ++resolved;
      ASSERT_EQ(std::ranges::count(resolution.reasons, true, &ResolveReason::taken), 1);
      const auto taken = std::ranges::find(resolution.reasons, true, &ResolveReason::taken);
      ASSERT_EQ(taken->device, resolution.device);
      ASSERT_EQ(resolution, resolve(request, inventory, policy));
      if (!std::holds_alternative<Wish>(request)) continue;
      const auto* info = inventory.find(*resolution.device.single());
      ASSERT_GE(info->free_bytes, wish.min_free_bytes);
      ASSERT_EQ(std::ranges::count(wish.except, info->device.type()), 0);
      if (!wish.only.empty()) {
        ASSERT_GE(std::ranges::count(wish.only, info->device.type()), 1);
      }
    } catch (const DeviceNotFound& problem) {
      ASSERT_NE(std::string(problem.what()), "");
    }
  }
  EXPECT_GT(resolved, 500);
}

TEST(ResolveRule, IsReadFromItsName) {
  for (const auto rule : {ResolveRule::haystack, ResolveRule::most_free, ResolveRule::fastest})
    EXPECT_EQ(resolve_rule_from_str(to_string(rule)), rule);
  EXPECT_EQ(to_string(ResolveRule::most_free), "most_free");
  EXPECT_EQ(test::refusal([] { resolve_rule_from_str("Fastest"); }),
            "There is no policy 'Fastest'; there are haystack, most_free, fastest");
}

TEST(ResolvePolicy, OnlyTheExactWordSwitchesOff) {
  const auto policy_of = [](const char* mps, const char* xpu) {
    mps == nullptr ? unsetenv("HAYSTACK_MPS_ENABLED") : setenv("HAYSTACK_MPS_ENABLED", mps, 1);
    xpu == nullptr ? unsetenv("HAYSTACK_XPU_ENABLED") : setenv("HAYSTACK_XPU_ENABLED", xpu, 1);
    const auto policy = ResolvePolicy::from_environment();
    unsetenv("HAYSTACK_MPS_ENABLED");
    unsetenv("HAYSTACK_XPU_ENABLED");
    return std::pair(policy.mps_enabled, policy.xpu_enabled);
  };
  EXPECT_EQ(policy_of(nullptr, nullptr), std::pair(true, true));
  EXPECT_EQ(policy_of("false", "true"), std::pair(false, true));
  EXPECT_EQ(policy_of("False", "false"), std::pair(true, false));
  EXPECT_EQ(policy_of("", "0"), std::pair(true, true));
}

TEST(ResolveForEngines, ADeviceThatOnlyAnotherEngineCanUseIsNeverChosen) {
  Inventory inventory = machine_of({Device::cpu(), Device::gpu(0), Device::gpu(1)});
  inventory.devices[1].engines = {{"OpenVINO", "GPU.0"}};
  const ResolvePolicy llama{.engines = {"llama.cpp"}};
  EXPECT_EQ(resolve({}, inventory).device, ComponentDevice(Device::gpu(0)));
  EXPECT_EQ(resolve({}, inventory, llama).device, ComponentDevice(Device::gpu(1)));
  EXPECT_EQ(resolve(Wish::from_str("gpu"), inventory, llama).device, ComponentDevice(Device::gpu(1)));
  EXPECT_EQ(resolve({}, inventory, llama).reasons[0].why, "llama.cpp cannot use it, only OpenVINO");
  inventory.devices.pop_back();
  EXPECT_EQ(resolve({}, inventory, llama).device, ComponentDevice(Device::cpu()));
  EXPECT_EQ(refusal(Wish::from_str("gpu"), inventory, llama),
            "No device of this machine meets the wish 'gpu'; nearest is cuda:0: llama.cpp cannot use it, only "
            "OpenVINO; cpu: of "
            "another type than was asked for");
  EXPECT_EQ(resolve(Device::gpu(0), inventory, llama).str(),
            "cuda:0: taken, given; llama.cpp cannot use cuda:0, only OpenVINO");
}

TEST(ResolveForEngines, TheKeysOfWhatIsTakenComeAlong) {
  Inventory inventory = machine_of({Device::cpu(), Device::gpu(0), Device::gpu(1)});
  inventory.devices[1].pci_id = "0000:01:00.0";
  inventory.devices[2].pci_id = "0000:02:00.0";
  const DeviceMap map{{"a", Device::gpu(1)}, {"b", Device::cpu()}};
  const auto keys = resolve(map, inventory).keys;
  EXPECT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys.at("cuda:1").pci_id, "0000:02:00.0");
  EXPECT_EQ(resolve(Device(DeviceType::cuda), inventory).keys.at("cuda").pci_id, "0000:01:00.0");
  EXPECT_EQ(resolve({}, inventory).keys.at("cuda:0").engines, (std::vector<DeviceName>{{"llama.cpp", "X"}}));
  EXPECT_EQ(resolve({}, inventory).keys.at("cuda:0").pool, inventory.devices[1].pool);
}

TEST(ResolveForEngines, AWorkerIsTakenOnlyWhereItIsNamed) {
  const auto inventory = machine_of({Device::cpu(), Device(DeviceType::rpc, 0)});
  EXPECT_EQ(resolve(Wish::from_str("auto"), inventory, {.rule = ResolveRule::most_free}).device,
            ComponentDevice(Device::cpu()));
  EXPECT_EQ(resolve(Wish::from_str("rpc"), inventory).device, ComponentDevice(Device(DeviceType::rpc, 0)));
  EXPECT_THAT(refusal(Wish::from_str("not cpu"), inventory), testing::HasSubstr("where a wish names rpc"));
}

}  // namespace
}  // namespace berth
