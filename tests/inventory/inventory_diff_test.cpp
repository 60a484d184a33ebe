#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "berth/inventory.h"
#include "inventory/random_inventory.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(const std::vector<InventoryChange>& changes) {
  std::vector<std::string> texts;
  for (const auto& change : changes) texts.push_back(change.str());
  return texts;
}

/// What is in an inventory, by the names that changes have for it.
std::map<std::string, Value> things(const Inventory& inventory) {
  std::map<std::string, Value> things;
  const Value dict = inventory.to_dict();
  const auto text = [](const Value& entry, const char* name) { return entry.find(name)->as_string(); };
  for (const auto& each : dict.find("devices")->as_array()) things[text(each, "device")] = each;
  for (const auto& each : dict.find("pools")->as_array()) things["pool " + text(each, "id")] = each;
  if (const auto* links = dict.find("links"))
    for (const auto& each : links->as_array()) things["link " + text(each, "from") + " - " + text(each, "to")] = each;
  things["machine"] = Value::Object{{"host", inventory.host}, {"machine_id", inventory.machine_id}};
  return things;
}

void set(Value& thing, std::string_view field, const Value& value) {
  const auto dot = field.find('.');
  auto& object = thing.as_object();
  if (dot != field.npos)
    set(*object.find(field.substr(0, dot)), field.substr(dot + 1), value);
  else if (value.is_null())
    object.erase(field);
  else
    object.set(std::string(field), value);
}

/// The things of `before`, changed, under the names that they have afterwards.
std::vector<std::string> applied(const Inventory& before, const std::vector<InventoryChange>& changes) {
  auto state = things(before);
  std::vector<Value> appeared;
  for (const auto& change : changes) {
    if (!change.field.empty())
      set(state.at(change.what), change.field, change.after);
    else if (change.after.is_null())
      EXPECT_EQ(state.erase(change.what), 1U);
    else
      appeared.push_back(change.after);
  }
  for (const auto& [name, thing] : state) appeared.push_back(thing);
  std::vector<std::string> all;
  for (const auto& thing : appeared) all.push_back(thing.to_json());
  return all;
}

/// Names in the order of the table, so that texts can be compared.
std::vector<std::string> sorted(std::vector<std::string> texts) {
  for (auto& text : texts) {
    auto dict = Value::from_json(text);
    std::map<std::string, Value> fields;
    for (const auto& [name, value] : dict.as_object()) fields.emplace(name, value);
    Value::Object ordered;
    for (const auto& [name, value] : fields) {
      if (!value.is_object()) {
        ordered.set(name, value);
        continue;
      }
      std::map<std::string, Value> inner(value.as_object().begin(), value.as_object().end());
      Value::Object ordered_inner;
      for (const auto& [inner_name, inner_value] : inner) ordered_inner.set(inner_name, inner_value);
      ordered.set(name, ordered_inner);
    }
    text = Value(ordered).to_json();
  }
  std::ranges::sort(texts);
  return texts;
}

TEST(InventoryDiff, OfAnInventoryAndItselfIsEmpty) {
  test::RandomInventory random;
  for (int i = 0; i < 100; ++i) {
    const auto inventory = random.inventory();
    ASSERT_THAT(texts(diff(inventory, inventory)), IsEmpty());
  }
}

TEST(InventoryDiff, AppliedToTheFirstGivesTheSecond) {
  test::RandomInventory random(2);
  for (int i = 0; i < 100; ++i) {
    const auto before = random.inventory();
    const auto after = i % 3 == 0 ? random.inventory() : random.changed(before);
    const auto changes = diff(before, after);
    ASSERT_EQ(sorted(applied(before, changes)), sorted(applied(after, {}))) << testing::PrintToString(texts(changes));
    ASSERT_EQ(changes.empty(), applied(before, {}) == applied(after, {}));
  }
}

TEST(InventoryDiff, TurnedRoundHasBeforeAndAfterExchanged) {
  test::RandomInventory random(3);
  for (int i = 0; i < 100; ++i) {
    const auto before = random.inventory();
    const auto after = random.changed(before);
    using Seen = std::tuple<std::string, std::string, std::string>;  // a device may have another name on the other side
    std::vector<Seen> there;
    std::vector<Seen> back;
    for (const auto& change : diff(before, after))
      there.emplace_back(change.field, change.before.to_json(), change.after.to_json());
    for (const auto& change : diff(after, before))
      back.emplace_back(change.field, change.after.to_json(), change.before.to_json());
    std::ranges::sort(there);
    std::ranges::sort(back);
    ASSERT_EQ(there, back);
  }
}

TEST(InventoryDiff, SaysWhatChanged) {
  const auto before = simulate("cpu:8GiB,cuda:2x24GiB,link:25GB/s");
  auto after = before;
  after.devices[1].free_bytes = 5;
  after.devices[0].cpu->cores = 2;
  after.devices[0].note = "slow";
  after.links[0].bytes_per_s = 1;
  after.pools[0].limited_by = "cgroup /a";
  EXPECT_THAT(
      texts(diff(before, after)),
      ElementsAre("cpu cpu.cores: 1 -> 2", "cpu note: null -> \"slow\"", "cuda:0 free_bytes: 25769803776 -> 5",
                  "pool ram limited_by: null -> \"cgroup /a\"", "link cpu - cuda:0 bytes_per_s: 25000000000.0 -> 1.0"));
}

TEST(InventoryDiff, SaysWhatCameAndWent) {
  EXPECT_THAT(texts(diff(simulate("cpu:8GiB,cuda:1GiB,link:1GB/s"), simulate("cpu:8GiB,vulkan:1GiB"))),
              ElementsAre("cuda:0 is gone", "vulkan:0 appeared", "pool cuda:0 is gone", "pool vulkan:0 appeared",
                          "link cpu - cuda:0 is gone"));
}

TEST(InventoryDiff, DoesNotLookAtTimeProbesAndOrigin) {
  const auto before = simulate("cpu:8GiB");
  auto after = before;
  after.taken_at = "2026-01-31T12:00:00Z";
  after.probes.clear();
  after.origin = InventoryOrigin::recorded;
  EXPECT_THAT(texts(diff(before, after)), IsEmpty());
  after.host = "other";
  EXPECT_THAT(texts(diff(before, after)), ElementsAre("machine host: \"simulated\" -> \"other\""));
}

Inventory two_gpus() {
  auto inventory = simulate("cpu:8GiB,cuda:24GiB,cuda:80GiB,link:25GB/s");
  inventory.devices[1].uuid = "GPU-a";
  inventory.devices[2].uuid = "GPU-b";
  return inventory;
}

TEST(InventoryDiff, KnowsAGpuByItsUuidUnderAnotherIndex) {
  const auto before = two_gpus();
  auto after = before;
  std::swap(after.devices[1].device, after.devices[2].device);
  std::swap(after.devices[1], after.devices[2]);
  after.devices[1].free_bytes -= 1;  // GPU-b, which is cuda:0 now
  EXPECT_THAT(texts(diff(before, after)), testing::IsSupersetOf({"cuda:0 device: \"cuda:0\" -> \"cuda:1\"",
                                                                 "cuda:1 device: \"cuda:1\" -> \"cuda:0\"",
                                                                 "cuda:1 free_bytes: 85899345920 -> 85899345919"}));
  EXPECT_EQ(
      find_if(after.devices.begin(), after.devices.end(), [](const auto& d) { return d.uuid == "GPU-b"; })->device,
      Device::gpu(0));
}

TEST(InventoryDiff, KnowsLinksAndPoolsByTheirDevicesUnderAnotherIndex) {
  const auto before = two_gpus();
  auto after = before;
  const auto renamed = [](std::string& name) {
    if (name.starts_with("cuda:")) name = name == "cuda:0" ? "cuda:1" : "cuda:0";
  };
  for (auto& info : after.devices) {
    renamed(info.pool);
    if (info.device.type() == DeviceType::cuda) info.device = Device::gpu(1 - info.device.id().value());
  }
  for (auto& pool : after.pools) renamed(pool.id);
  for (auto& link : after.links) {
    renamed(link.from);
    renamed(link.to);
  }
  for (const auto& change : diff(before, after))
    EXPECT_TRUE(change.field == "device" || change.field == "pool" || change.field == "id" || change.field == "from" ||
                change.field == "to")
        << change.str();
}

TEST(InventoryDiff, TakesAnotherCardInTheSameSlotForAnother) {
  const auto before = two_gpus();
  auto after = before;
  after.devices[2].uuid = "GPU-c";
  EXPECT_THAT(texts(diff(before, after)),
              testing::IsSupersetOf({std::string("cuda:1 is gone"), std::string("cuda:1 appeared")}));
}

TEST(InventoryDiff, KnowsADeviceByItsPciIdWhereOneSideHasNoUuid) {
  auto before = two_gpus();
  before.devices[1].pci_id = "0000:01:00.0";
  auto after = before;
  after.devices[1].uuid.clear();
  after.devices[1].device = Device::gpu(7);
  EXPECT_THAT(texts(diff(before, after)), testing::IsSupersetOf({std::string("cuda:0 device: \"cuda:0\" -> \"cuda:7\""),
                                                                 std::string("cuda:0 uuid: \"GPU-a\" -> null")}));
}

TEST(InventoryDiff, DoesNotMixUpMigInstancesOfOneCard) {
  auto before = simulate("cpu:8GiB,cuda:3x10GiB;mig=1g.10gb");
  for (std::size_t i = 1; i < before.devices.size(); ++i) {
    before.devices[i].pci_id = "0000:01:00.0";
    before.devices[i].uuid = "MIG-" + std::to_string(i);
  }
  auto after = before;
  std::erase_if(after.devices, [](const auto& info) { return info.uuid == "MIG-2"; });
  std::erase_if(after.pools, [](const auto& pool) { return pool.id == "cuda:1"; });
  after.devices[2].device = Device::gpu(1);
  EXPECT_THAT(texts(diff(before, after)),
              ElementsAre("cuda:1 is gone", "cuda:2 device: \"cuda:2\" -> \"cuda:1\"", "pool cuda:1 is gone"));
}

TEST(InventoryDiff, WritesHostileTextHarmlessly) {
  const InventoryChange change{"pool \x1b[2J", "limited_by", nullptr, "\xE2\x80\xAE"};
  EXPECT_EQ(change.str(), "pool \\x1b[2J limited_by: null -> \"\\u202e\"");
}

}  // namespace
}  // namespace berth
