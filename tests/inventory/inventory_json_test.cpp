#include <gmock/gmock.h>

#include <functional>

#include "berth/error.h"
#include "berth/inventory.h"
#include "discover/probe.h"
#include "inventory/random_inventory.h"
#include "json_file.h"
#include "refusal.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr auto small = "cpu:2x32GiB-4GiB;cores=16,cuda:2x24GiB@1000GB/s,xpu:shared,link:25GB/s";

Value& at(Value& dict, const std::vector<std::string>& path) {
  Value* value = &dict;
  for (const auto& step : path)
    value = value->is_array() ? &value->as_array().at(std::stoul(step)) : value->as_object().find(step);
  return *value;
}

/// What from_dict says of the small machine where the value at `path` is another.
std::string refusal_of(const std::vector<std::string>& path, const Value& instead) {
  Value dict = simulate(small).to_dict();
  auto parent = path;
  parent.pop_back();
  Value& place = at(dict, parent);
  if (place.is_array())
    place.as_array().at(std::stoul(path.back())) = instead;
  else
    place.as_object().set(path.back(), instead);
  return test::refusal([&] { Inventory::from_dict(dict); });
}

TEST(InventoryJson, ComesBackAsItWas) {
  test::RandomInventory random;
  for (int i = 0; i < 100; ++i) {
    const auto inventory = random.inventory();
    const auto text = inventory.to_dict().to_json(2);
    const auto again = Inventory::from_dict(Value::from_json(text));
    ASSERT_EQ(again, inventory) << text;
    ASSERT_EQ(again.to_dict().to_json(2), text);  // the order of names too
  }
}

TEST(InventoryJson, OfThisMachineIsRecordedOnceItIsRead) {
  auto inventory = simulate(small);
  EXPECT_EQ(Inventory::from_dict(inventory.to_dict()).origin, InventoryOrigin::simulated);
  inventory.origin = InventoryOrigin::this_machine;
  EXPECT_EQ(inventory.to_dict().find("origin")->as_string(), "this_machine");
  EXPECT_EQ(Inventory::from_dict(inventory.to_dict()).origin, InventoryOrigin::recorded);
}

TEST(InventoryJson, LeavesOutWhatIsAbsent) {
  const auto dict = simulate("cpu:1GiB").to_dict();
  EXPECT_EQ(dict.find("devices")->as_array()[0].to_json(),
            R"({"device": "cpu", "name": "simulated cpu", "pool": "ram", "total_bytes": 1073741824, )"
            R"("free_bytes": 1073741824, "engines": [{"in": "llama.cpp", "name": "CPU"}], )"
            R"("cpu": {"cores": 1, "threads": 1, "usable_cores": 1, )"
            R"("numa_nodes": [{"id": 0, "total_bytes": 1073741824, "free_bytes": 1073741824, "cores": 1}]}})");
  EXPECT_EQ(dict.find("links"), nullptr);
}

TEST(InventoryJson, PassesOverNamesThatItDoesNotKnow) {
  const auto inventory = simulate(small);
  Value dict = inventory.to_dict();
  dict.as_object().set("comment", "new in a later version");
  at(dict, {"devices", "0"}).as_object().set("colour", Value::Object{{"red", 1}});
  at(dict, {"devices", "0", "cpu", "numa_nodes", "0"}).as_object().set("speed", nullptr);
  EXPECT_EQ(Inventory::from_dict(dict), inventory);
}

TEST(InventoryJson, PutsDevicesInOrder) {
  auto inventory = simulate(small);
  Value dict = inventory.to_dict();
  std::ranges::reverse(at(dict, {"devices"}).as_array());
  EXPECT_EQ(Inventory::from_dict(dict), inventory);
}

TEST(InventoryJson, OfANewerSchemaIsRefused) {
  EXPECT_THAT(refusal_of({"schema"}, 2), AllOf(StartsWith("schema: 2 is newer than Berth "), HasSubstr("use a newer")));
  EXPECT_THAT(refusal_of({"schema"}, 0), StartsWith("schema: 0 is not from 1 to "));
  EXPECT_EQ(refusal_of({"schema"}, "1"), "schema: expected an integer, found a string");
  EXPECT_EQ(test::refusal([] { Inventory::from_dict(Value::Object{}); }), "schema: is missing; this is no inventory");
  EXPECT_EQ(test::refusal([] { Inventory::from_dict("text"); }), "expected an object, found a string");
}

TEST(InventoryJson, NamesThePlaceOfAMistake) {
  const std::string too_much = " is not from 0 to 9223372036854775807";
  EXPECT_EQ(refusal_of({"devices", "1", "free_bytes"}, "1"),
            "devices[1].free_bytes: expected an integer, found a string");
  EXPECT_EQ(refusal_of({"devices", "1", "free_bytes"}, -1), "devices[1].free_bytes: -1" + too_much);
  EXPECT_EQ(refusal_of({"devices", "1", "free_bytes"}, 0.5),
            "devices[1].free_bytes: expected an integer, found a number");
  EXPECT_EQ(refusal_of({"pools", "0", "total_bytes"}, Value::from_json("9223372036854775808")),
            "pools[0].total_bytes: 9223372036854775808" + too_much);
  EXPECT_EQ(refusal_of({"pools", "0", "total_bytes"}, Value::from_json("-1e300")),
            "pools[0].total_bytes: -1e+300" + too_much);
  EXPECT_EQ(refusal_of({"devices", "0", "cpu", "cores"}, 3'000'000'000),
            "devices[0].cpu.cores: 3000000000 is not from 1 to 2147483647");
  EXPECT_EQ(refusal_of({"devices", "0", "cpu", "cores"}, 0), "devices[0].cpu.cores: 0 is not from 1 to 2147483647");
  EXPECT_EQ(refusal_of({"devices", "1", "speed", "flops"}, -2.5), "devices[1].speed.flops: -2.5 is less than 0");
  EXPECT_EQ(refusal_of({"devices", "0", "cpu"}, Value::Array{}), "devices[0].cpu: expected an object, found a list");
  EXPECT_EQ(refusal_of({"devices", "0", "integrated"}, 1),
            "devices[0].integrated: expected a boolean, found an integer");
  EXPECT_EQ(refusal_of({"devices", "0", "types"}, Value::Array{"fp16", 1}),
            "devices[0].types[1]: expected a string, found an integer");
  EXPECT_EQ(refusal_of({"devices", "0", "device"}, "gpu"), "devices[0].device: Unknown device type string 'gpu'");
  EXPECT_EQ(refusal_of({"devices", "0", "device"}, nullptr), "devices[0].device: expected a string, found null");
  EXPECT_EQ(refusal_of({"devices"}, Value::Object{}), "devices: expected a list, found an object");
  EXPECT_EQ(refusal_of({"links", "0", "kind"}, "wire"),
            "links[0].kind: 'wire' is none of memory, pcie, nvlink, xgmi, network, storage");
  EXPECT_EQ(refusal_of({"devices", "0"}, Value::Object{}), "devices[0].device: is missing");
}

TEST(InventoryJson, RefusesWhatDoesNotAddUp) {
  EXPECT_EQ(refusal_of({"devices", "1", "free_bytes"}, 30'000'000'000),
            "devices[1].free_bytes: 30000000000 of 25769803776 bytes are free");
  EXPECT_EQ(refusal_of({"pools", "1", "total_bytes"}, 1), "pools[1].free_bytes: 25769803776 of 1 bytes are free");
  EXPECT_EQ(refusal_of({"devices", "0", "cpu", "numa_nodes", "1", "total_bytes"}, 0),
            "devices[0].cpu.numa_nodes[1].free_bytes: 30064771072 of 0 bytes are free");
  EXPECT_EQ(refusal_of({"devices", "2", "device"}, "cuda:0"), "devices[2].device: device 'cuda:0' is there twice");
  EXPECT_EQ(refusal_of({"devices", "1", "device"}, "cpu:0"), "devices[1].device: cpu:0 is there already, as cpu");
  EXPECT_EQ(refusal_of({"devices", "2", "device"}, "cuda"), "devices[2].device: cuda is there already, as cuda:0");
  EXPECT_EQ(refusal_of({"devices", "1", "total_bytes"}, 1'000'000'000'000'000),
            "devices[1].total_bytes: 1000000000000000 of the 25769803776 bytes of its pool");
  EXPECT_EQ(refusal_of({"pools", "2", "id"}, "ram"), "pools[2].id: pool 'ram' is there twice");
  EXPECT_EQ(refusal_of({"pools", "2", "id"}, ""), "pools[2].id: is empty");
  EXPECT_EQ(refusal_of({"devices", "1", "pool"}, "vram"), "devices[1].pool: there is no pool 'vram'");
  EXPECT_EQ(refusal_of({"devices", "1", "numa_node"}, 2), "devices[1].numa_node: there is no NUMA node 'numa:2'");
  EXPECT_EQ(refusal_of({"devices", "0", "cpu", "numa_nodes", "1", "id"}, 0),
            "devices[0].cpu.numa_nodes[1].id: NUMA node 'numa:0' is there twice");
  EXPECT_EQ(refusal_of({"links", "0", "to"}, "cuda:9"), "links[0].to: there is no device 'cuda:9'");
  EXPECT_EQ(refusal_of({"links", "0", "from"}, "numa:9"), "links[0].from: there is no NUMA node 'numa:9'");
  EXPECT_EQ(refusal_of({"links", "0", "to"}, "cpu"), "links[0].to: is where it comes from, 'cpu'");
  Value turned = simulate(small).to_dict().find("links")->as_array()[0];
  std::swap(*turned.as_object().find("from"), *turned.as_object().find("to"));
  EXPECT_EQ(refusal_of({"links", "1"}, turned), "links[1]: link 'cpu - cuda:0 (pcie)' is there twice");
}

TEST(InventoryJson, KnowsNoNumaNodesWithoutTheProbeOfTheCpu) {
  Value dict = simulate("cpu:1GiB,cuda:1GiB").to_dict();
  at(dict, {"devices", "0", "cpu"}).as_object().erase("numa_nodes");
  at(dict, {"devices", "1"}).as_object().set("numa_node", 3);
  dict.as_object().set("links", Value::Array{Value::Object{{"from", "numa:3"}, {"to", "cuda:0"}, {"kind", "pcie"}}});
  EXPECT_EQ(Inventory::from_dict(dict).devices[1].numa_node, 3);
}

TEST(InventoryJson, RefusesTextThatActsOnTerminalsOrHasNoEnd) {
  EXPECT_EQ(refusal_of({"devices", "0", "name"}, "a\x1b[2J"),
            "devices[0].name: a control character, or a byte that is not UTF-8, in 'a\\x1b[2J'");
  EXPECT_THAT(refusal_of({"devices", "0", "name"}, "a\nb"), StartsWith("devices[0].name: a control character"));
  EXPECT_THAT(refusal_of({"devices", "0", "name"}, "\xE2\x80\xAE"), HasSubstr("'\\u202e'"));
  EXPECT_THAT(refusal_of({"devices", "0", "name"}, "\xFF"), HasSubstr("'\\xff'"));
  EXPECT_EQ(refusal_of({"devices", "0", "name"}, std::string(16385, 'a')),
            "devices[0].name: 16385 bytes of text, at most 16384");
  EXPECT_EQ(refusal_of({"devices", "0", "types"}, Value::Array((1 << 20) + 1, "")),
            "devices[0].types: 1048577 entries, at most 1048576");
}

TEST(InventoryJson, MakesTextOfDriversPlainWhenItIsWritten) {
  const auto written = [](const std::string& name) {
    auto inventory = simulate("cpu:1GiB");
    inventory.devices[0].name = name;
    return Inventory::from_dict(inventory.to_dict()).devices[0].name;
  };
  EXPECT_EQ(written("a\x1b[2J\xFF\n"), "a\\x1b[2J\\xff\\n");
  EXPECT_EQ(written(std::string(16384, 'a')), std::string(16384, 'a'));
  const auto cut = written(std::string(1'000'000, 'a'));
  EXPECT_THAT(cut, testing::EndsWith("aaa..."));
  EXPECT_EQ(cut.size(), 4096U);
  EXPECT_EQ(written(std::string(1'000'000, '\xFF')).size(), 4 * 4093U + 3);
}

TEST(InventoryJson, WritesNumbersThatCanBeRead) {
  auto inventory = simulate("cpu:1GiB");
  inventory.pools[0].total_bytes = ~std::uint64_t{0};
  inventory.devices[0].speed = DeviceSpeed{1.0 / 0.0, 0.0 / 0.0};
  const auto read = Inventory::from_dict(inventory.to_dict());
  EXPECT_EQ(read.pools[0].total_bytes, static_cast<std::uint64_t>(INT64_MAX));
  EXPECT_EQ(read.devices[0].speed, DeviceSpeed());
}

TEST(InventoryJson, TakesWhatADriverTellsOfTheMemoryThatAContainerMayNotUse) {
  auto inventory = simulate("cpu:8GiB,vulkan:shared");
  inventory.devices[1].total_bytes *= 4;
  EXPECT_EQ(Inventory::from_dict(inventory.to_dict()), inventory);
}

TEST(InventoryJson, KindsOfLinksHaveNames) {
  EXPECT_EQ(to_string(LinkKind::memory), "memory");
  EXPECT_EQ(to_string(LinkKind::nvlink), "nvlink");
  EXPECT_EQ(to_string(LinkKind::storage), "storage");
  EXPECT_EQ(to_string(static_cast<LinkKind>(99)), "unknown");
}

TEST(InventoryJson, OutcomesOfProbesHaveNames) {
  EXPECT_EQ(to_string(ProbeOutcome::found), "found");
  EXPECT_EQ(to_string(ProbeOutcome::driver_too_old), "driver_too_old");
  EXPECT_EQ(to_string(ProbeOutcome::skipped), "skipped");
  EXPECT_EQ(to_string(static_cast<ProbeOutcome>(99)), "unknown");
}

TEST(FindingsJson, ComeBackAsTheyWere) {
  test::RandomInventory random;
  for (int i = 0; i < 50; ++i) {
    auto inventory = random.inventory();
    const discovery::Findings findings{.report = {.probe = "cuda", .notes = {"a"}},
                                       .devices = inventory.devices,
                                       .sightings = random.inventory().devices,
                                       .pools = inventory.pools,
                                       .links = inventory.links};
    const auto again = discovery::Findings::from_json(findings.to_json());
    ASSERT_EQ(again.report, findings.report);
    ASSERT_EQ(again.devices, findings.devices);
    ASSERT_EQ(again.sightings, findings.sightings);
    ASSERT_EQ(again.pools, findings.pools);
    ASSERT_EQ(again.links, findings.links);
  }
}

TEST(FindingsJson, OfAChildThatBrokeOffAreRefused) {
  const auto whole = discovery::Findings{.report = {.probe = "cuda"}}.to_json();
  EXPECT_THROW(discovery::Findings::from_json(whole.substr(0, whole.size() / 2)), FormatError);
  EXPECT_THROW(discovery::Findings::from_json("{}"), std::invalid_argument);
  EXPECT_EQ(
      test::refusal([] {
        discovery::Findings::from_json(R"({"report": {"probe": "cuda", "outcome": "found", "milliseconds": -1}})");
      }),
      "report.milliseconds: -1 is less than 0");
}

}  // namespace
}  // namespace berth
