#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <csignal>
#include <fstream>
#include <memory>
#include <sstream>

#include "berth/engine.h"
#include "berth/inventory.h"
#include "berth/resolve.h"
#include "cli/commands.h"
#include "cli/process.h"
#include "real_worker.h"
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
  for (const auto& line : lines_of(outcome.out)) EXPECT_LE(line.size(), 80U) << line;
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
  for (const auto& line : lines_of(outcome.out)) EXPECT_LE(line.size(), 80U) << line;
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

TEST(DevicesCommand, RefusesOptionsForThisMachineWhereAnotherOneIsMeant) {
  for (const std::vector<std::string>& option : {std::vector<std::string>{"--probes", "cpu"},
                                                 {"--rpc", "127.0.0.1:1"},
                                                 {"--no-drivers"},
                                                 {"--folder", "/"},
                                                 {"--probe-timeout", "100"}})
    for (const char* machine : {"--simulate", "--inventory"}) {
      std::vector<std::string> arguments = {"devices", machine, "cpu:1GiB"};
      arguments.insert(arguments.end(), option.begin(), option.end());
      const auto outcome = berth_command(arguments);
      EXPECT_EQ(outcome.exit_code, 2) << option[0];
      EXPECT_THAT(outcome.err, AllOf(HasSubstr(option[0]), HasSubstr("excludes")));
    }
}

TEST(DevicesCommand, RefusesAWorkerThatIsNoEndpoint) {
  const auto outcome = berth_command({"devices", "--probes", "rpc", "--rpc", "worker:nowhere"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("'worker:nowhere'"));
}

TEST(DevicesCommand, NotesWhatKeepsDevicesFromBeingSeen) {
  const auto outcome = berth_command({"devices", "--probes", "rpc", "--rpc", "127.0.0.1:1"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(StartsWith("berth: rpc: "), HasSubstr("127.0.0.1:1"),
                                 testing::EndsWith("(berth doctor says more)\n")));
  EXPECT_EQ(berth_command({"devices", "--probes", "cpu", "--no-drivers"}).err, "");
}

TEST(DevicesCommand, NeverCutsTheNamesOfDevicesAndPools) {
  const TemporaryFolder folder;
  auto machine = simulate("cpu:64GiB,cuda:24GiB,disk:1TB");
  machine.devices[1].device = Device::gpu(2147483647);
  machine.devices[1].name = "A name that is long enough to be cut";
  machine.pools[2].id = machine.devices[2].pool = "disk:/dev/pts/1";
  machine.save(folder.path() / "machine.json");
  const auto outcome = berth_command({"devices", "--inventory", folder.path() / "machine.json"});
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\ncuda:2147483647 A name"), HasSubstr(" disk:/dev/pts/1 ")));
  for (const auto& line : lines_of(outcome.out)) EXPECT_LE(line.size(), 80U) << line;
}

TEST(DevicesCommand, TellsWhichFolderADiskIsOf) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "models");
  const auto models = (folder.path() / "models").string();
  const auto outcome = berth_command({"devices", "--probes", "disk", "--folder", models, "--folder", "/"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr(" of " + models), testing::Not(HasSubstr(" of /\n"))));
}

class MeasuredDevices : public testing::Test {
 protected:
  void SetUp() override {
    if (engines().empty()) GTEST_SKIP() << "this build has no engine";
  }
  Outcome berth(const std::vector<std::string>& arguments) const {
    return berth_command(arguments, {.environment = {{"XDG_CACHE_HOME", folder_.path()}, {"BERTH_PROBES", "cpu"}}});
  }
  std::filesystem::path cache() const { return folder_.path() / "berth/speeds.json"; }

  /// Keeps another memory bandwidth of the only device.
  void keep(double bytes_per_s) const {
    auto kept = json::parse(std::ifstream(cache()));
    kept.front()["memory_bytes_per_s"] = bytes_per_s;
    std::ofstream(cache()) << kept;
  }
  double kept() const { return json::parse(std::ifstream(cache())).front().at("memory_bytes_per_s"); }

  TemporaryFolder folder_;
};

TEST_F(MeasuredDevices, AreShownAndKnownToLaterCommands) {
  EXPECT_THAT(berth({"resolve", "auto", "--policy", "fastest", "--explain"}).out, HasSubstr("not all are measured"));
  const auto measured = berth({"devices", "--measure"});
  ASSERT_EQ(measured.exit_code, 0) << measured.err;
  EXPECT_THAT(measured.out, HasSubstr("\nMeasured\n  cpu: memory "));
  EXPECT_THAT(berth({"resolve", "auto", "--policy", "fastest", "--explain"}).out,
              HasSubstr("it reads its memory fastest"));
  EXPECT_EQ(json::parse(berth({"devices", "--json"}).out).at("devices").at(0).at("speed").at("memory_bytes_per_s"),
            kept());

  keep(1);
  ASSERT_EQ(berth({"devices", "--measure"}).exit_code, 0);
  EXPECT_EQ(kept(), 1) << "what was kept is not measured";
  ASSERT_EQ(berth({"devices", "--measure-again"}).exit_code, 0);
  EXPECT_GT(kept(), 1e8);
}

TEST_F(MeasuredDevices, AFileThatCannotBeWrittenIsNoted) {
  std::ofstream(folder_.path() / "berth") << "no folder";
  const auto outcome = berth({"devices", "--measure", "--json"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("berth: measure: What was measured is not kept: "));
  const auto document = json::parse(outcome.out);
  EXPECT_TRUE(document.at("devices").at(0).contains("speed"));
  EXPECT_EQ(document.at("probes").back().at("outcome"), "found");
}

class WatchedDevices : public testing::Test {
 protected:
  static std::vector<std::string> watch(std::vector<std::string> more) {
    more.insert(more.begin(), {"devices", "--probes", "cpu", "--watch", "--interval", "0.1"});
    return more;
  }
};

TEST_F(WatchedDevices, AreWatchedUntilASignal) {
  for (const auto& [signal, code] : {std::pair(SIGINT, 130), {SIGTERM, 143}}) {
    Process process(watch({}));
    ASSERT_TRUE(process.wait_for("Default: "));
    process.send(signal);
    const auto outcome = process.wait();
    EXPECT_EQ(outcome.exit_code, code) << outcome.err;
  }
}

TEST_F(WatchedDevices, AnOutputThatCannotBeWrittenEndsIt) {
  const auto outcome = berth_command(watch({"--json"}), {.output_file = "/dev/full"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("No space left on device"));
}

#ifdef BERTH_TEST_RPC_WORKER
TEST_F(WatchedDevices, ThoseThatComeAndGoAreTold) {
  const auto endpoint = free_endpoint();
  for (const bool with_json : {false, true}) {
    auto arguments = watch({"--rpc", endpoint, "--probe-timeout", "20000"});
    arguments[2] = "cpu,rpc";
    if (with_json) arguments.emplace_back("--json");
    Process watching(arguments);
    ASSERT_TRUE(watching.wait_for(with_json ? "\"default\"" : "Default: "));
    auto worker =
        std::make_unique<Process>(std::vector<std::string>{endpoint}, ProcessOptions{.program = BERTH_TEST_RPC_WORKER});
    const std::string came = with_json ? R"("what": "rpc:0", "field": "", "before": null)" : " rpc:0 appeared\n";
    EXPECT_TRUE(watching.wait_for(came)) << watching.output();
    worker.reset();
    EXPECT_TRUE(watching.wait_for(with_json ? R"("what": "rpc:0", "field": "", "before": {)" : " rpc:0 is gone\n"))
        << watching.output();
    watching.send(SIGINT);
    const auto outcome = watching.wait();
    EXPECT_EQ(outcome.exit_code, 130);
    if (!with_json) continue;
    const auto lines = lines_of(outcome.out);
    EXPECT_EQ(json::parse(lines[0]).at("schema"), 1);
    for (std::size_t i = 1; i < lines.size(); ++i) EXPECT_TRUE(json::parse(lines[i]).contains("what")) << lines[i];
  }
}
#endif

}  // namespace
}  // namespace berth::test
