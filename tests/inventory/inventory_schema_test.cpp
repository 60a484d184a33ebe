#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "berth/inventory.h"
#include "cli/process.h"
#include "golden_file.h"
#include "inventory/inventory_fields.h"
#include "inventory/random_inventory.h"
#include "schema.h"

namespace berth {
namespace {

using test::expect_described;
using test::schema_problems;
using testing::Each;

Value schema() { return test::json_file("../../docs/inventory.schema.json"); }

TEST(InventorySchema, HasTheNamesThatAreWritten) {
  const Value all = schema();
  const auto definition = [&](const char* name) { return all.find("$defs")->as_object().at(name); };
  expect_described<Inventory>(all, {.required = {"schema"}});
  expect_described<DeviceInfo>(definition("DeviceInfo"));
  expect_described<DeviceName>(definition("DeviceName"));
  expect_described<MemoryPool>(definition("MemoryPool"));
  expect_described<Link>(definition("Link"));
  expect_described<CpuInfo>(definition("CpuInfo"));
  expect_described<NumaNode>(definition("NumaNode"));
  expect_described<CpuCache>(definition("CpuCache"));
  expect_described<GpuInfo>(definition("GpuInfo"));
  expect_described<DiskInfo>(definition("DiskInfo"));
  expect_described<RemoteInfo>(definition("RemoteInfo"));
  expect_described<DeviceSpeed>(definition("DeviceSpeed"));
  expect_described<TypeSpeed>(definition("TypeSpeed"));
  expect_described<ProbeReport>(definition("ProbeReport"));
}

TEST(InventorySchema, HoldsForWhatIsWritten) {
  test::RandomInventory random;
  std::vector<Value> documents;
  for (int i = 0; i < 60; ++i) documents.push_back(random.inventory().to_dict());
  EXPECT_THAT(schema_problems(schema(), documents), Each(""));
}

TEST(InventorySchema, RefusesWhatTheReaderRefuses) {
  const auto with = [](const std::string& what, const std::string& instead) {
    auto text = simulate("cpu:1GiB;cores=4,cuda:1GiB@1GB/s,link:1GB/s").to_dict().to_json();
    EXPECT_NE(text.find(what), text.npos) << what;
    return Value::from_json(text.replace(text.find(what), what.size(), instead));
  };
  const std::vector<Value> documents = {
      Value::Object{},
      Value::Array{},
      with("\"schema\": 1", "\"schema\": 2"),
      with("\"simulated\"", "\"made up\""),
      with("\"devices\": [", "\"devices\": [1, "),
      with("\"total_bytes\": 1073741824", "\"total_bytes\": -1"),
      with("\"total_bytes\": 1073741824", "\"total_bytes\": 9223372036854775808"),
      with("\"total_bytes\": 1073741824", "\"total_bytes\": \"1\""),
      with("\"cores\": 4", "\"cores\": 0"),
      with("\"cores\": 4", "\"cores\": 3000000000"),
      with("\"device\": \"cuda:0\"", "\"device\": \"gpu\""),
      with("\"device\": \"cuda:0\", ", ""),
      with("\"name\": \"simulated cpu\"", "\"name\": \"\\u001b[2J\""),
      with("\"name\": \"simulated cpu\"", "\"name\": \"line\\n\""),
      with("\"memory_bytes_per_s\": 1", "\"memory_bytes_per_s\": -1"),
      with("\"kind\": \"host\"", "\"kind\": \"ram\""),
      with("\"id\": \"ram\"", "\"id\": \"\""),
      with("\"to\": \"cuda:0\"", "\"to\": \"\""),
      with("\"bytes_per_s\": 1000000000.0", "\"measured\": 1"),
      with("\"outcome\": \"found\"", "\"outcome\": \"lost\""),
  };
  EXPECT_THAT(schema_problems(schema(), documents), Each(testing::Ne("")));
  for (const auto& document : documents)
    EXPECT_THROW(Inventory::from_dict(document), std::invalid_argument) << document.to_json();
}

TEST(InventoryGolden, SimulatedMachinesAreWrittenAsTheyAlwaysWere) {
  const std::vector<std::pair<std::string, std::string>> machines = {
      {"laptop", "cpu:16GiB-4GiB@60GB/s;cores=8,vulkan:shared;name=Iris Xe,npu:shared,disk:1TB-600GB@3GB/s"},
      {"workstation",
       "cpu:64GiB@80GB/s;cores=16,cuda:24GiB@1008GB/s;name=RTX 4090;types=fp16+bf16;flops=165T,"
       "cuda:12GiB@360GB/s;name=RTX 3060,link:25GB/s"},
      {"server",
       "cpu:2x512GiB;cores=96,cuda:4x80GiB@3.35TB/s;compute=9.0,link:cuda:0-cuda:1:450GB/s;kind=nvlink,"
       "link:cuda:2-cuda:3:450GB/s;kind=nvlink,link:55GB/s"},
      {"mig", "cpu:128GiB,cuda:3x10GiB;mig=1g.10gb"},
      {"workers", "cpu:32GiB,rpc:2x16GiB,link:10Gbit/s;latency=0.2ms"}};
  std::vector<Value> documents;
  for (const auto& [name, text] : machines) {
    const auto machine = simulate(text);
    test::expect_golden("inventory/" + name + ".json", machine.to_dict().to_json(2) + "\n");
    documents.push_back(test::json_file("inventory/" + name + ".json"));
    EXPECT_EQ(Inventory::load(BERTH_TEST_DATA_DIR "/inventory/" + name + ".json"), machine);
  }
  EXPECT_THAT(schema_problems(schema(), documents), Each(""));
}

std::string documentation() {
  std::ifstream file(BERTH_TEST_DATA_DIR "/../../docs/inventory.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(InventoryDocumentation, ShowsAFileThatIsOne) {
  const auto text = documentation();
  const auto start = text.find("```json\n") + 8;
  const auto dict = Value::from_json(std::string_view(text).substr(start, text.find("```", start) - start));
  EXPECT_THAT(schema_problems(schema(), {dict}), Each(""));
  EXPECT_EQ(Inventory::from_dict(dict).devices.size(), 2U);
}

TEST(InventoryDocumentation, ShowsMachinesThatCanBeSimulated) {
  const auto text = documentation();
  int count = 0;
  for (auto at = text.find("\n| `cpu:"); at != text.npos; at = text.find("\n| `cpu:", at + 1), ++count) {
    const auto start = at + 4;
    const auto machine = text.substr(start, text.find('`', start) - start);
    EXPECT_GT(simulate(machine).devices.size(), 1U) << machine;
  }
  EXPECT_GE(count, 8);
}

}  // namespace
}  // namespace berth
