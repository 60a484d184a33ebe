#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "berth/engine.h"
#include "berth/inventory.h"
#include "berth/resolve.h"
#include "cli/process.h"
#include "test_model.h"

namespace berth::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST(DevicesCommand, PrintsATableWithinEightyColumnsAndTheDefault) {
  const auto outcome = berth_command({"devices"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(StartsWith("DEVICE "), HasSubstr("\ncpu "), HasSubstr("GiB"),
                    HasSubstr("\nDefault: " + ComponentDevice::resolve_device().str() + ", the first of")));
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  EXPECT_EQ(outcome.err, "");
}

TEST(DevicesCommand, JsonHoldsWhatTheLibraryReports) {
  const auto outcome = berth_command({"devices", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto document = json::parse(outcome.out);
  EXPECT_EQ(document.at("default"), ComponentDevice::resolve_device().str());
  EXPECT_EQ(document.at("schema"), 1);
  const auto again = Inventory::from_dict(Value::from_json(outcome.out));
  const auto* cpu = again.find(Device::cpu());
  ASSERT_NE(cpu, nullptr);
  EXPECT_EQ(cpu->engines.empty(), engines().empty());
  EXPECT_GT(cpu->free_bytes, 0U);
}

TEST(DevicesCommand, SavesAMachineThatOtherCommandsRead) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "machine.json";
  ASSERT_EQ(berth_command({"devices", "--simulate", "cpu:64GiB,cuda:2x24GiB", "--save", file}).exit_code, 0);
  const auto loaded = berth_command({"devices", "--inventory", file});
  EXPECT_THAT(loaded.out, AllOf(HasSubstr("\ncuda:1 "), HasSubstr("24.0 GiB"), HasSubstr("\nDefault: cuda:0, ")));
  EXPECT_EQ(berth_command({"resolve", "gpu", "--inventory", file}).out, "cuda:0\n");
  EXPECT_EQ(berth_command({"devices", "--inventory", file, "--json"}).exit_code, 0);
}

TEST(DevicesCommand, ExplainsProbesDevicesAndLinks) {
  const auto outcome = berth_command({"devices", "--explain"});
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\nProbes\n  cpu "), HasSubstr("\nDevices\ncpu: "), HasSubstr(" ms")));
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST(DevicesCommand, RefusesWhatIsNoMachine) {
  const TemporaryFolder folder;
  const auto refused = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "devices");
    const auto outcome = berth_command(arguments);
    EXPECT_NE(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  EXPECT_THAT(refused({"--inventory", folder.path() / "none.json"}), HasSubstr("none.json"));
  EXPECT_THAT(refused({"--inventory", folder.path()}), HasSubstr(folder.path().string()));
  EXPECT_THAT(refused({"--simulate", "cpu:64GiX"}), HasSubstr("'GiX'"));
  EXPECT_THAT(refused({"--probes", "cpu,cudo"}), HasSubstr("There is no probe 'cudo'"));
  EXPECT_THAT(refused({"--simulate", "cpu:1GiB", "--inventory", "x"}), HasSubstr("excludes"));
  EXPECT_THAT(refused({"--interval", "1"}), HasSubstr("--watch"));
}

TEST(DoctorCommand, NamesEachProbeAndWhatCannotBeUsed) {
  const auto here = berth_command({"doctor", "--json"});
  const auto document = json::parse(here.out);
  EXPECT_EQ(here.exit_code, document.at("problems").get<bool>() ? 1 : 0);
  EXPECT_EQ(document.at("findings").at(0).at("about"), "cpu");
  EXPECT_EQ(document.at("findings").at(0).at("state"), "ok");

  const TemporaryFolder folder;
  auto machine = simulate("cpu:64GiB,cuda:24GiB");
  machine.devices[1].engines.clear();
  machine.save(folder.path() / "machine.json");
  const auto useless = berth_command({"doctor", "--inventory", folder.path() / "machine.json"});
  EXPECT_EQ(useless.exit_code, 1);
  EXPECT_THAT(useless.out, AllOf(HasSubstr("found, but no engine of this build"), HasSubstr("-DBERTH_GGML_CUDA=ON")));

  machine.probes = {{.probe = "one", .message = "It is hidden.", .notes = {"a note", "another."}},
                    {.probe = "two", .outcome = ProbeOutcome::found, .notes = {"a note"}}};
  machine.save(folder.path() / "machine.json");
  const auto joined =
      json::parse(berth_command({"doctor", "--json", "--inventory", folder.path() / "machine.json"}).out);
  EXPECT_EQ(joined.at("findings").at(0).at("text"), "It is hidden. a note; another.");
  EXPECT_EQ(joined.at("findings").at(1).at("text"), "found; a note");
}

}  // namespace
}  // namespace berth::test
