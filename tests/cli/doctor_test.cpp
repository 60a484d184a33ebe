#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "berth/inventory.h"
#include "cli/process.h"
#include "test_model.h"

namespace berth::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Doctor : public testing::Test {
 protected:
  Outcome look_at(const Inventory& machine, bool with_json = false) const {
    const auto file = folder_.path() / "machine.json";
    machine.save(file);
    std::vector<std::string> arguments = {"doctor", "--inventory", file};
    if (with_json) arguments.emplace_back("--json");
    return berth_command(arguments);
  }

  TemporaryFolder folder_;
};

TEST_F(Doctor, NamesEachProbeOfThisMachine) {
  const auto here = berth_command({"doctor", "--json"});
  const auto document = json::parse(here.out);
  EXPECT_EQ(here.exit_code, document.at("problems").get<bool>() ? 1 : 0);
  EXPECT_EQ(document.at("findings").at(0).at("about"), "cpu");
  EXPECT_EQ(document.at("findings").at(0).at("state"), "ok");
}

TEST_F(Doctor, CallsOnlyThatAProblemWhatIsThereAndCannotBeUsed) {
  struct Case {
    std::string probe;
    ProbeOutcome outcome;
    std::string state;
  };
  const std::vector<Case> cases = {{"cuda", ProbeOutcome::found, "ok"},
                                   {"cuda", ProbeOutcome::nothing, "none"},
                                   {"cuda", ProbeOutcome::no_driver, "problem"},
                                   {"nvml", ProbeOutcome::no_driver, "problem"},
                                   {"rocm", ProbeOutcome::no_driver, "problem"},
                                   {"level_zero", ProbeOutcome::no_driver, "problem"},
                                   {"vulkan", ProbeOutcome::no_driver, "none"},
                                   {"opencl", ProbeOutcome::no_driver, "none"},
                                   {"openvino", ProbeOutcome::no_driver, "none"},
                                   {"cuda", ProbeOutcome::driver_too_old, "problem"},
                                   {"vulkan", ProbeOutcome::missing_symbol, "problem"},
                                   {"cuda", ProbeOutcome::no_permission, "problem"},
                                   {"cuda", ProbeOutcome::hidden, "problem"},
                                   {"opencl", ProbeOutcome::timed_out, "problem"},
                                   {"rocm", ProbeOutcome::crashed, "problem"},
                                   {"rpc", ProbeOutcome::failed, "problem"},
                                   {"cuda", ProbeOutcome::skipped, "none"}};
  auto machine = simulate("cpu:64GiB");
  for (const auto& [probe, outcome, state] : cases) {
    machine.probes = {{.probe = probe, .outcome = outcome}};
    const auto found = look_at(machine, true);
    const auto document = json::parse(found.out);
    const auto what = probe + " " + std::string(to_string(outcome));
    EXPECT_EQ(document.at("findings").at(0).at("state"), state) << what;
    EXPECT_EQ(document.at("problems"), state == "problem") << what;
    EXPECT_EQ(found.exit_code, state == "problem" ? 1 : 0) << what;
  }
}

TEST_F(Doctor, SaysWhyTheModuleOfADeviceWasNotLoaded) {
  auto machine = simulate("cpu:64GiB,cuda:24GiB");
  machine.devices[1].engines.clear();
  machine.probes = {{.probe = "llama.cpp",
                     .outcome = ProbeOutcome::found,
                     .notes = {"modules: cpu", "the module hip was not loaded: it needs A",
                               "the module cuda was not loaded: it needs B"}}};
  const auto found = json::parse(look_at(machine, true).out).at("findings");
  const auto text = [&](std::size_t at) { return found.at(at).at("text").get<std::string>(); };
  EXPECT_THAT(text(0), AllOf(HasSubstr("modules: cpu"), HasSubstr("needs A"), HasSubstr("needs B")));
  EXPECT_EQ(found.at(0).at("state"), "ok");
  EXPECT_THAT(text(2), AllOf(HasSubstr("the module cuda was not loaded: it needs B"), Not(HasSubstr("needs A")),
                             Not(HasSubstr("-DBERTH"))));
  EXPECT_EQ(found.at(2).at("state"), "problem");
  machine.devices[1].vendor = "AMD";
  const auto amd = json::parse(look_at(machine, true).out).at("findings").at(2).at("text").get<std::string>();
  EXPECT_THAT(amd, HasSubstr("no engine can use it: the module hip was not loaded"));
}

TEST_F(Doctor, SaysWhatADeviceWithoutAnEngineNeeds) {
  auto machine = simulate("cpu:64GiB,cuda:24GiB");
  machine.devices[1].engines.clear();
  const auto useless = look_at(machine);
  EXPECT_EQ(useless.exit_code, 1);
  EXPECT_THAT(useless.out,
              AllOf(HasSubstr("found, but no engine"), HasSubstr("-DBERTH_GGML_CUDA=ON"), Not(HasSubstr("this build"))))
      << "another build saw it";
}

TEST_F(Doctor, FindsNoFaultWithADeviceThatNoEngineIsFor) {
  auto machine = simulate("cpu:64GiB,npu:shared,rpc:16GiB");
  for (auto& info : machine.devices)
    if (info.device != Device::cpu()) info.engines.clear();
  const auto outcome = look_at(machine);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\nnpu:0        none "), HasSubstr("\nrpc:0        none "),
                                 HasSubstr("Berth has no engine for it")));
}

TEST_F(Doctor, JoinsAMessageAndItsNotes) {
  auto machine = simulate("cpu:64GiB");
  machine.probes = {{.probe = "a", .message = "A sentence.", .notes = {"one.", "two"}}};
  EXPECT_THAT(look_at(machine).out, HasSubstr("A sentence; one; two\n"));
}

}  // namespace
}  // namespace berth::test
