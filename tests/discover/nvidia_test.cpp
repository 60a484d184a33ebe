#include "discover/drivers/nvidia.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "as_nobody.h"
#include "discover/drivers/driver_report.h"
#include "discover/expected_findings.h"
#include "discover/fake_library.h"
#include "discover/recorded_machine.h"
#include "discover/run_probes.h"

namespace berth::test {
namespace {

using discovery::Findings;
using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto function_names = "(cu|nvml)[A-Z][A-Za-z0-9_]{2,}";

constexpr const char* library_of(std::string_view probe) {
  return probe == "cuda" ? "libcuda.so.1" : "libnvidia-ml.so.1";
}

/// A report that a person can use, and devices that a program can.
void expect_usable_gpus(const Findings& found) {
  const auto& report = found.report;
  EXPECT_THAT(report.outcome,
              AnyOf(ProbeOutcome::found, ProbeOutcome::failed, ProbeOutcome::no_permission, ProbeOutcome::no_driver,
                    ProbeOutcome::driver_too_old, ProbeOutcome::hidden, ProbeOutcome::nothing))
      << report.message;
  EXPECT_THAT(report.message, testing::Not(HasSubstr("makes no sense")));
  EXPECT_FALSE(report.library.empty()) << report.message;
  const bool any = !found.devices.empty() || !found.sightings.empty();
  EXPECT_EQ(report.outcome == ProbeOutcome::found, any) << report.message;
  EXPECT_TRUE(any || !report.message.empty());
  EXPECT_LE(report.notes.size(), 32U);
  std::set<std::string> pools;
  for (const auto& pool : found.pools) EXPECT_TRUE(pools.insert(pool.id).second) << pool.id;
  for (const auto& device : found.devices) {
    EXPECT_FALSE(device.name.empty());
    EXPECT_LE(device.free_bytes, device.total_bytes);
    EXPECT_TRUE(pools.contains(device.pool) || device.pool == "ram");
  }
  for (const auto& device : found.sightings) {
    EXPECT_FALSE(device.name.empty());
    EXPECT_LE(device.free_bytes, device.total_bytes);
  }
  for (const auto& link : found.links) {
    EXPECT_FALSE(link.from.empty());
    EXPECT_FALSE(link.to.empty());
    EXPECT_GE(link.bytes_per_s, 0);
  }
}

class Recorded : public testing::TestWithParam<const char*> {};

TEST_P(Recorded, GivesWhatIsExpected) {
  const RecordedMachine machine(GetParam());
  for (auto& findings : run_probes({"cuda", "nvml"}, machine.machine())) expect_findings(GetParam(), findings);
}

INSTANTIATE_TEST_SUITE_P(NvidiaMachine, Recorded,
                         testing::Values("workstation_two_gpus", "server_8gpu_nvlink", "server_mig", "broken_driver",
                                         "container_limits"),
                         [](const auto& machine) { return std::string(machine.param); });

class EachFunction : public testing::TestWithParam<const char*> {
 protected:
  const std::string probe = GetParam();
  const std::string library = library_of(GetParam());
  const std::set<std::string> functions = functions_of(library, function_names);
};

TEST_P(EachFunction, OfTheFakeIsKnownToThisTest) { EXPECT_GE(functions.size(), probe == "cuda" ? 9U : 27U); }

TEST_P(EachFunction, MayAnswerWithAnError) {
  for (const char* name : {"workstation_two_gpus", "server_mig"})
    for (const auto& function : functions)
      for (const int error : {1, 15, 999}) {
        SCOPED_TRACE(std::string(name) + ": " + function + " answers " + std::to_string(error));
        RecordedMachine machine(name);
        machine.drivers["faults"][function] = error;
        expect_usable_gpus(run_probe(probe, machine.machine()));
      }
}

TEST_P(EachFunction, MayAnswerWithAnErrorTheSecondTime) {
  for (const auto& function : functions) {
    SCOPED_TRACE(function);
    RecordedMachine machine("workstation_two_gpus");
    machine.drivers["faults"][function] = {0, 15};
    const auto found = run_probe(probe, machine.machine());
    expect_usable_gpus(found);
    EXPECT_EQ(found.report.outcome, ProbeOutcome::found);
  }
}

TEST_P(EachFunction, MayAnswerGarbage) {
  for (const char* name : {"workstation_two_gpus", "server_mig", "server_8gpu_nvlink"})
    for (const auto& function : functions) {
      if (function == "cuDeviceGet" || function == "nvmlErrorString") continue;  // no number, a pointer into nowhere
      SCOPED_TRACE(std::string(name) + ": " + function);
      RecordedMachine machine(name);
      machine.drivers["faults"][function] = "garbage";
      expect_usable_gpus(run_probe(probe, machine.machine()));
    }
}

TEST_P(EachFunction, MayBeMissing) {
  for (const auto& function : functions) {
    SCOPED_TRACE(function);
    const RecordedMachine machine("workstation_two_gpus");
    const auto prepared = machine.machine();
    remove_function(machine, library, function);
    const auto found = run_probe(probe, prepared);
    if (found.report.outcome == ProbeOutcome::found) {
      expect_usable_gpus(found);
    } else {
      EXPECT_EQ(found.report.outcome, ProbeOutcome::missing_symbol) << found.report.message;
      EXPECT_THAT(found.report.message, AllOf(HasSubstr(function), HasSubstr(library)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Nvidia, EachFunction, testing::Values("cuda", "nvml"),
                         [](const auto& probe) { return std::string(probe.param); });

TEST(Nvidia, CountsAreNotBelieved) {
  for (const auto& [probe, function] : {std::pair{"cuda", "cuDeviceGetCount"}, {"nvml", "nvmlDeviceGetCount_v2"}})
    for (const int count : {-1, 0, 1, 3, 1'000'000'000}) {
      SCOPED_TRACE(std::string(function) + " says " + std::to_string(count));
      RecordedMachine machine("workstation_two_gpus");
      machine.drivers["faults"][function] = {{"values", {count}}};
      const auto found = run_probe(probe, machine.machine());
      const bool none = count == 0 || (count < 0 && std::string(probe) == "cuda");
      EXPECT_EQ(found.devices.size() + found.sightings.size(), none ? 0U : count == 1 ? 1U : 2U);
      EXPECT_EQ(found.report.outcome == ProbeOutcome::found, !none) << found.report.message;
      if (count == 3) {
        EXPECT_THAT(found.report.notes, Contains(HasSubstr("says 3, and 2 of these answer")));
      }
    }
}

TEST(Nvidia, MemoryOfNoSizeIsNotBelieved) {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1} << 60, ~std::uint64_t{0}}) {
    RecordedMachine machine("workstation_two_gpus");
    machine.drivers["faults"]["cuDeviceTotalMem_v2"] = {{"values", {bytes}}};
    const auto found = run_probe("cuda", machine.machine());
    ASSERT_EQ(found.devices.size(), 2U);
    EXPECT_EQ(found.devices[0].total_bytes, 0U);
    EXPECT_THAT(found.report.notes, Contains(HasSubstr("bytes of memory are not believed")));
  }
}

TEST(Nvidia, NamesWithoutAnEndAreCut) {
  RecordedMachine machine("workstation_two_gpus");
  machine.drivers["faults"] = {{"cuDeviceGetName", "garbage"}, {"nvmlDeviceGetName", "garbage"}};
  for (const auto& found : run_probes({"cuda", "nvml"}, machine.machine())) {
    const auto& devices = found.devices.empty() ? found.sightings : found.devices;
    ASSERT_EQ(devices.size(), 2U);
    EXPECT_LT(devices[0].name.size(), 1000U);
  }
}

TEST(Nvidia, AFileThatIsNoLibraryIsReported) {
  for (const char* probe : {"cuda", "nvml"})
    for (const char* text : {"", "This is a text.\n"}) {
      RecordedMachine machine("workstation_two_gpus");
      machine.drivers["libraries"] = nlohmann::json::array();
      std::ofstream(machine.libraries() / library_of(probe)) << text;
      const auto report = run_probe(probe, machine.machine()).report;
      EXPECT_EQ(report.outcome, ProbeOutcome::failed) << report.message;
      EXPECT_THAT(report.message, HasSubstr(library_of(probe)));
    }
}

/// What both probes say of it.
void expect_both(const RecordedMachine& machine, ProbeOutcome outcome, const std::string& part) {
  for (const auto& found : run_probes({"cuda", "nvml"}, machine.machine())) {
    EXPECT_EQ(found.report.outcome, outcome) << found.report.probe << ": " << found.report.message;
    EXPECT_THAT(found.report.message, HasSubstr(part)) << found.report.probe;
    EXPECT_THAT(found.devices, IsEmpty());
  }
}

/// The drivers say what they say where there is no device that they can use.
void see_nothing(RecordedMachine& machine, int nvml_error) {
  machine.drivers["nvidia"]["gpus"] = nlohmann::json::array();
  machine.drivers["faults"] = {{"nvmlInit_v2", nvml_error}};
}

TEST(Nvidia, AMachineWithoutAGpuHasNothing) {
  const RecordedMachine machine;
  std::filesystem::create_directories(machine.root() / "sys/bus/pci/devices");
  expect_both(machine, ProbeOutcome::nothing, "No NVIDIA GPU is on the PCI bus.");
}

TEST(Nvidia, AMachineWhoseBusCannotBeSeenHasNothing) {
  expect_both(RecordedMachine(), ProbeOutcome::nothing, "is not installed, and the PCI bus cannot be seen.");
}

TEST(Nvidia, AGpuWithoutADriverIsNamed) {
  RecordedMachine machine("workstation_two_gpus");
  machine.drivers["libraries"] = nlohmann::json::array();
  std::filesystem::remove_all(machine.root() / "proc/driver");
  expect_both(machine, ProbeOutcome::no_driver, "NVIDIA GPUs are on the PCI bus: 10de:2204 at 0000:01:00.0");
  expect_both(machine, ProbeOutcome::no_driver, "install the NVIDIA driver");
}

TEST(Nvidia, AModuleThatIsNotLoadedIsTheCause) {
  RecordedMachine machine("workstation_two_gpus");
  see_nothing(machine, 9);
  std::filesystem::remove_all(machine.root() / "proc/driver");
  expect_both(machine, ProbeOutcome::no_driver, "the kernel module nvidia is not loaded");
}

TEST(Nvidia, AContainerWithoutDeviceNodesNeedsThem) {
  RecordedMachine machine("workstation_two_gpus");
  see_nothing(machine, 9);
  std::filesystem::remove_all(machine.root() / "dev");
  expect_both(machine, ProbeOutcome::no_permission, "--gpus all");
}

TEST(Nvidia, AMissingControlNodeIsNamed) {
  RecordedMachine machine("workstation_two_gpus");
  see_nothing(machine, 999);
  std::filesystem::remove(machine.root() / "dev/nvidiactl");
  expect_both(machine, ProbeOutcome::no_permission, "/dev/nvidiactl");
}

// Nobody may not be able to start the program of a probe either, so that this is asked in-process.
TEST(Nvidia, NodesThatMayNotBeOpenedAreNamed) {
  RecordedMachine recorded("workstation_two_gpus");
  const auto machine = recorded.machine();
  for (const char* node : {"dev/nvidia0", "dev/nvidia1"})
    std::filesystem::permissions(machine.root / node, std::filesystem::perms::all);
  std::filesystem::permissions(machine.root / "dev/nvidiactl", std::filesystem::perms::none);
  std::filesystem::permissions(machine.root.parent_path(), std::filesystem::perms::all);
  const test::AsNobody nobody;
  ProbeReport report;
  ASSERT_TRUE(discovery::explain_by_files(report, machine));
  EXPECT_EQ(report.outcome, ProbeOutcome::no_permission);
  EXPECT_THAT(report.message, HasSubstr("dev/nvidiactl"));
}

TEST(Nvidia, EachErrorAtTheStartHasItsCauseAndNextStep) {
  struct Case {
    const char* probe;
    const char* function;
    int error;
    ProbeOutcome outcome;
    const char* part;
  };
  for (const auto& [probe, function, error, outcome, part] : {
           Case{"cuda", "cuInit", 803, ProbeOutcome::failed, "(580.65.06) are of different versions"},
           Case{"cuda", "cuInit", 804, ProbeOutcome::driver_too_old, "cuda-compat"},
           Case{"cuda", "cuInit", 802, ProbeOutcome::failed, "nvidia-fabricmanager"},
           Case{"cuda", "cuInit", 34, ProbeOutcome::failed, "stub"},
           Case{"cuda", "cuInit", 999, ProbeOutcome::failed, "cuInit answered 999 (CUDA_ERROR_UNKNOWN)"},
           Case{"nvml", "nvmlInit_v2", 18, ProbeOutcome::failed, "(580.65.06) are of different versions"},
           Case{"nvml", "nvmlInit_v2", 4, ProbeOutcome::no_permission, "/dev/nvidia*"},
           Case{"nvml", "nvmlInit_v2", 9, ProbeOutcome::no_driver, "modprobe nvidia"},
           Case{"nvml", "nvmlInit_v2", 12, ProbeOutcome::no_driver, "install the driver anew"},
           Case{"nvml", "nvmlInit_v2", 13, ProbeOutcome::driver_too_old, "update the driver"},
           Case{"nvml", "nvmlInit_v2", 999, ProbeOutcome::failed, "nvmlInit_v2 answered 999"},
       }) {
    RecordedMachine machine("workstation_two_gpus");
    machine.drivers["faults"][function] = error;
    const auto report = run_probe(probe, machine.machine()).report;
    EXPECT_EQ(report.outcome, outcome) << function << ' ' << error << ": " << report.message;
    EXPECT_THAT(report.message, HasSubstr(part)) << function << ' ' << error;
  }
}

TEST(Nvidia, AnUnknownErrorWithoutTheNodeOfUnifiedMemoryHasThatCause) {
  RecordedMachine machine("workstation_two_gpus");
  machine.drivers["faults"]["cuInit"] = 999;
  const auto node = machine.root() / "dev/nvidia-uvm";
  const auto expect_cause = [&](const std::string& part) {
    const auto report = run_probe("cuda", machine.machine()).report;
    EXPECT_EQ(report.outcome, ProbeOutcome::no_permission) << report.message;
    EXPECT_THAT(report.message,
                AllOf(HasSubstr(node.string() + part), HasSubstr("modprobe nvidia_uvm"), HasSubstr("--gpus all")));
  };
  std::filesystem::remove(node);
  expect_cause(" is not there");
  std::filesystem::create_directory(node);
  expect_cause(" cannot be opened (Is a directory)");
}

TEST(Nvidia, CudaAloneSaysThatItDoesNotKnowWhatIsFree) {
  RecordedMachine machine("workstation_two_gpus");
  for (const auto& info : run_probe("cuda", machine.machine()).devices) EXPECT_FALSE(info.free_is_known);
}

TEST(Nvidia, ADriverThatKnowsNoNewCudaIsTooOld) {
  RecordedMachine machine("workstation_two_gpus");
  machine.drivers["nvidia"]["cuda"] = 10020;
  const auto found = run_probe("cuda", machine.machine());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::driver_too_old);
  EXPECT_THAT(found.report.message, HasSubstr("580.65.06 knows CUDA 10.2"));
}

TEST(Nvidia, WhatAVariableHidesIsNoDeviceAndIsNamed) {
  RecordedMachine machine("workstation_two_gpus");
  machine.environment = {{"CUDA_VISIBLE_DEVICES", "1"}, {"CUDA_DEVICE_ORDER", "PCI_BUS_ID"}};
  const auto found = run_probes({"cuda", "nvml"}, machine.machine());
  ASSERT_EQ(found[0].devices.size(), 1U);
  EXPECT_EQ(found[0].devices[0].device, Device::gpu(0));
  EXPECT_EQ(found[0].devices[0].name, "NVIDIA GeForce RTX 4090");
  EXPECT_THAT(found[1].report.notes, ElementsAre(HasSubstr("CUDA_VISIBLE_DEVICES=1 hides NVIDIA GeForce RTX 3090")));
}

TEST(Nvidia, TheFastestIsCudaZeroByDefault) {
  const RecordedMachine machine("workstation_two_gpus");
  const auto found = run_probe("cuda", machine.machine());
  ASSERT_EQ(found.devices.size(), 2U);
  EXPECT_EQ(found.devices[0].name, "NVIDIA GeForce RTX 4090");
}

TEST(Nvidia, AVariableThatHidesAllIsTheCause) {
  for (const char* value : {"", "-1", "NoDevFiles"}) {
    RecordedMachine machine("workstation_two_gpus");
    machine.environment = {{"CUDA_VISIBLE_DEVICES", value}};
    const auto report = run_probe("cuda", machine.machine()).report;
    EXPECT_EQ(report.outcome, ProbeOutcome::hidden) << value;
    EXPECT_THAT(report.message, HasSubstr("CUDA_VISIBLE_DEVICES=")) << value;
  }
}

TEST(Nvidia, AnIntegratedGpuSharesTheMemoryOfTheCpu) {
  RecordedMachine machine("workstation_two_gpus");
  machine.drivers["nvidia"]["gpus"] = {{{"name", "NVIDIA GB10"},
                                        {"uuid", "GPU-01020304-0506-0708-090a-0b0c0d0e0f10"},
                                        {"pci", "000f:01:00.0"},
                                        {"compute", "12.1"},
                                        {"total", 128ULL << 30},
                                        {"integrated", true}}};
  const auto found = run_probes({"cuda", "nvml"}, machine.machine());
  ASSERT_EQ(found[0].devices.size(), 1U);
  EXPECT_TRUE(found[0].devices[0].integrated);
  EXPECT_EQ(found[0].devices[0].pool, "ram");
  EXPECT_EQ(found[0].devices[0].pci_id, "000f:01:00.0");
  EXPECT_EQ(found[0].devices[0].note, "");
  EXPECT_THAT(found[0].pools, IsEmpty());
  ASSERT_EQ(found[1].sightings.size(), 1U);
  EXPECT_TRUE(found[1].sightings[0].integrated);
  EXPECT_THAT(found[1].report.notes, IsEmpty());
}

TEST(Nvidia, AGpuThatFellOffTheBusIsNamed) {
  RecordedMachine machine("workstation_two_gpus");
  machine.drivers["faults"]["nvmlDeviceGetMemoryInfo"] = {0, 15};
  const auto found = run_probe("nvml", machine.machine());
  EXPECT_EQ(found.sightings.size(), 2U);
  EXPECT_THAT(found.report.notes, Contains(HasSubstr("GPU 1 fell off the bus")));
}

TEST(Nvidia, MigModeWithoutInstancesIsExplained) {
  RecordedMachine machine("server_mig");
  machine.drivers["nvidia"]["gpus"][0]["mig"] = nlohmann::json::array();
  EXPECT_THAT(run_probe("nvml", machine.machine()).report.notes, Contains(HasSubstr("has no instances")));
}

TEST(Nvidia, WithoutAVariableCudaTakesTheFirstInstance) {
  RecordedMachine machine("server_mig");
  machine.environment.clear();
  const auto found = run_probes({"cuda", "nvml"}, machine.machine());
  ASSERT_FALSE(found[0].devices.empty());
  EXPECT_EQ(found[0].devices[0].gpu->mig_profile, "3g.40gb");
  EXPECT_EQ(found[0].devices[0].uuid, found[1].sightings[0].uuid);
  EXPECT_THAT(found[1].report.notes, Contains(HasSubstr("the first MIG instance")));
}

}  // namespace
}  // namespace berth::test
