/// What a name of a device means in the inventory, it means everywhere: one piece of hardware, or a refusal.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "berth/error.h"
#include "berth/resolve.h"
#include "engine/match_device.h"
#include "random_machine.h"

namespace berth {
namespace {

using test::FakeEngine;
using test::RandomMachine;

/// The hardware that the entry is made of: one tag, where it is one piece.
std::string hardware(const DeviceInfo& info) {
  return info.types.size() == 1 ? info.types.front() : "a mixture of " + std::to_string(info.types.size());
}

bool can_use(const FakeEngine& engine, const DeviceInfo& info) {
  return std::ranges::find(info.engines, engine.name, &DeviceName::in) != info.engines.end();
}

/// What an engine gets to see of a request: the name, and the key as it was written down.
struct Reached {
  std::string hardware;  // empty: refused
  std::string why;
};
Reached reach(const FakeEngine& engine, const Device& device, const OrderedMap<DeviceKey>& keys) {
  const auto* key = keys.find(device.str());
  if (key == nullptr) return {"", "no key"};
  const auto received = DeviceKey::from_dict(key->to_dict());
  try {
    return {hardware(engine.devices[match_device(engine.name, device, received, engine.devices)]), ""};
  } catch (const EngineError& problem) {
    return {"", problem.what()};
  }
}

struct Count {
  int names = 0, reached = 0, refused = 0, without_entry = 0;
};

void expect_law(const Inventory& inventory, const std::vector<FakeEngine>& engines, Count& count) {
  for (const auto& info : inventory.devices) {
    ++count.names;
    ASSERT_THAT(hardware(info), testing::Not(testing::HasSubstr("mixture"))) << info.device.str();
    for (const auto& engine : engines) {
      const ResolvePolicy policy{.engines = {engine.name}};
      const auto given = resolve(info.device, inventory, policy);
      const auto reached = reach(engine, info.device, given.keys);
      if (reached.hardware.empty())
        ++count.refused;
      else
        ++count.reached;
      ASSERT_TRUE(reached.hardware.empty() || reached.hardware == hardware(info))
          << info.device.str() << " of " << engine.name << " is " << reached.hardware << ", not " << hardware(info);
      if (can_use(engine, info)) {
        ASSERT_EQ(reached.hardware, hardware(info)) << reached.why << ": " << engine.name << ", " << info.device.str();
      } else if (info.device != Device::cpu()) {
        ASSERT_THAT(given.reasons[0].why, testing::HasSubstr("can")) << "the reasons say that it cannot be used";
      }
    }
  }
  for (const auto& engine : engines) {
    const ResolvePolicy policy{.engines = {engine.name}};
    for (const auto& request : {ResolveRequest(), ResolveRequest(Wish::from_str("gpu or cpu"))}) {
      const auto chosen = resolve(request, inventory, policy);
      const auto* info = inventory.find(*chosen.device.single());
      ASSERT_NE(info, nullptr);
      ASSERT_TRUE(can_use(engine, *info)) << chosen.str();
      ASSERT_EQ(reach(engine, *chosen.device.single(), chosen.keys).hardware, hardware(*info)) << chosen.str();
    }
  }
}

TEST(IdentityLaw, HoldsOnTenThousandRandomMachines) {
  test::RandomMachines machines(7);
  Count count;
  for (int i = 0; i < 10'000; ++i) {
    const auto machine = machines.next();
    const auto inventory = machine.inventory();
    ASSERT_NO_FATAL_FAILURE(expect_law(inventory, machine.engines, count)) << "machine " << i;
    if (i % 20 == 0) {  // as a file would give it
      ASSERT_NO_FATAL_FAILURE(expect_law(Inventory::from_dict(inventory.to_dict()), machine.engines, count));
    }
  }
  EXPECT_GT(count.reached, count.names / 2) << "most names mean something to an engine";
  EXPECT_GT(count.refused, 0);
}

/// Another driver, a card in another slot: what the inventory says is no longer so.
TEST(IdentityLaw, AnEngineWhoseOrderChangedIsNotBelieved) {
  test::RandomMachines machines(8);
  int changed = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto machine = machines.next();
    const auto inventory = machine.inventory();
    for (auto engine : machine.engines) {
      // The same cards in the opposite order, under the names in their order.
      std::vector<DeviceInfo> gpus(engine.devices.begin() + 1, engine.devices.end());
      auto names = gpus;
      std::ranges::reverse(gpus);
      for (std::size_t g = 0; g < gpus.size(); ++g) gpus[g].engines = names[g].engines;
      std::ranges::copy(gpus, engine.devices.begin() + 1);
      for (const auto& info : inventory.devices) {
        if (info.pci_id.empty() || !can_use(engine, info)) continue;
        if (std::ranges::any_of(gpus, [](const DeviceInfo& each) { return each.pci_id.empty(); })) continue;
        const auto reached = reach(engine, info.device, inventory.keys(info.device));
        ASSERT_TRUE(reached.hardware.empty() || reached.hardware == hardware(info)) << reached.hardware;
        if (reached.hardware.empty()) ++changed;
      }
    }
  }
  EXPECT_GT(changed, 100);
}

TEST(IdentityLaw, HoldsOnTheRecordedMachinesWhateverTheEnginesOrder) {
  int devices = 0;
  for (const auto& folder :
       std::filesystem::directory_iterator(std::filesystem::path(BERTH_TEST_DATA_DIR) / "machines")) {
    const auto file = folder.path() / "inventory.json";
    if (!std::filesystem::exists(file)) continue;
    auto recorded = Inventory::load(file);
    FakeEngine engine{.name = "alpha", .devices = {}};
    discovery::Findings probe{.report = {.probe = "recorded"}};
    for (auto& info : recorded.devices) {
      if (info.device.type() == DeviceType::disk) continue;
      info.types = {info.device.str()};  // its tag
      probe.devices.push_back(info);
      const bool is_cpu = info.device.type() == DeviceType::cpu;
      if (!is_cpu && info.pci_id.empty()) continue;
      engine.devices.insert(engine.devices.begin(),
                            {.device = info.device, .pci_id = info.pci_id, .uuid = info.uuid, .types = info.types});
    }
    for (std::size_t i = 0; i < engine.devices.size(); ++i) {
      auto& info = engine.devices[i];
      info.engines = {{"alpha", info.device == Device::cpu() ? "CPU" : "X" + std::to_string(i)}};
      if (info.device != Device::cpu()) info.device = Device(info.device.type(), static_cast<int>(i));
    }
    Count count;
    const auto inventory = discovery::merge({probe}, {engine.findings()});
    ASSERT_NO_FATAL_FAILURE(expect_law(inventory, {engine}, count)) << file;
    devices += count.names;
  }
  EXPECT_GT(devices, 20);
}

class MatchDevice : public testing::Test {
 protected:
  static std::string refusal(const Device& device, const DeviceKey& key, const std::vector<DeviceInfo>& own) {
    try {
      match_device("alpha", device, key, own);
    } catch (const EngineError& problem) {
      return problem.what();
    }
    return "was accepted";
  }
  static DeviceInfo listed(std::string name, std::string pci_id = {}) {
    return {.device = Device::gpu(0), .pci_id = std::move(pci_id), .engines = {{"alpha", std::move(name)}}};
  }
};

TEST_F(MatchDevice, WithoutAKeyAnIndexIsNotGuessed) {
  EXPECT_THAT(
      refusal(Device::gpu(0), {}, {listed("CUDA0")}),
      testing::AllOf(testing::HasSubstr("cuda:0"), testing::HasSubstr("give its key"), testing::HasSubstr("CUDA0")));
}

TEST_F(MatchDevice, TwoThatNothingTellsApartAreNamed) {
  const std::string address = "0000:65:00.0";
  EXPECT_THAT(refusal(Device::gpu(0), {.pci_id = address}, {listed("CUDA0", address), listed("CUDA1", address)}),
              testing::AllOf(testing::HasSubstr("CUDA0 (0000:65:00.0), CUDA1"), testing::HasSubstr("nothing tells")));
}

TEST_F(MatchDevice, ADeviceOfAnotherEngineIsRefusedWithThatEngine) {
  EXPECT_THAT(refusal(Device::gpu(0), {.pci_id = "0000:65:00.0", .engines = {{"beta", "GPU.0"}}},
                      {listed("CUDA0", "0000:65:00.0")}),
              testing::HasSubstr("beta can"));
}

TEST_F(MatchDevice, ANameThatIsOtherHardwareNowIsRefused) {
  EXPECT_THAT(refusal(Device::gpu(0), {.pci_id = "0000:01:00.0", .engines = {{"alpha", "CUDA0"}}},
                      {listed("CUDA0", "0000:02:00.0")}),
              testing::HasSubstr("look again"));
}

}  // namespace
}  // namespace berth
