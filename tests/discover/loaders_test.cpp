// What the probes of ROCm, Level Zero, Vulkan, OpenCL and OpenVINO have in common: expected findings of recorded machines, and
// libraries that misbehave in every way.
#include <gmock/gmock.h>

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
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Loader {
  const char* probe;
  const char* library;
  const char* pattern;    // of its functions
  std::size_t functions;  // that the probe uses
  const char* machine;    // where it finds something
};

std::ostream& operator<<(std::ostream& out, const Loader& loader) { return out << loader.probe; }

constexpr Loader loaders[] = {
    {"rocm", "librocm_smi64.so.1", "rsmi_[a-z_]+", 11, "server_amd"},
    {"level_zero", "libze_loader.so.1", "zes?[A-Z][A-Za-z]+", 14, "workstation_amd_intel"},
    {"vulkan", "libvulkan.so.1", "vk[A-Z][A-Za-z0-9]+", 8, "workstation_amd_intel"},
    {"opencl", "libOpenCL.so.1", "cl[A-Z][A-Za-z]+", 4, "workstation_amd_intel"},
    {"openvino", "libopenvino_c.so", "ov_[a-z_]+", 8, "workstation_amd_intel"},
};

/// A report that a person can use, and devices that a program can.
void expect_usable_loader(const Findings& found) {
  const auto& report = found.report;
  EXPECT_THAT(report.outcome, AnyOf(ProbeOutcome::found, ProbeOutcome::failed, ProbeOutcome::no_permission,
                                    ProbeOutcome::no_driver, ProbeOutcome::driver_too_old, ProbeOutcome::nothing))
      << report.message;
  if (report.outcome != ProbeOutcome::found) {
    EXPECT_FALSE(report.message.empty());
    EXPECT_THAT(found.devices, IsEmpty());
  }
  EXPECT_THAT(report.message, Not(HasSubstr("makes no sense")));
  EXPECT_LE(report.notes.size(), 64U);
  for (const auto& device : found.devices) {
    EXPECT_LE(device.free_bytes, device.total_bytes);
    const auto has_id = [&](const MemoryPool& pool) { return pool.id == device.pool; };
    EXPECT_TRUE(device.pool == "ram" || std::ranges::any_of(found.pools, has_id)) << device.pool;
  }
}

class EachLoader : public testing::TestWithParam<Loader> {
 protected:
  const Loader& loader = GetParam();
  const std::set<std::string> functions = functions_of(loader.library, loader.pattern);

  Findings with_fault(const std::string& function, nlohmann::json fault) const {
    RecordedMachine machine(loader.machine);
    machine.drivers["faults"][function] = std::move(fault);
    return run_probe(loader.probe, machine.machine());
  }
};
INSTANTIATE_TEST_SUITE_P(Discover, EachLoader, testing::ValuesIn(loaders),
                         [](const auto& loader) { return std::string(loader.param.probe); });

TEST_P(EachLoader, HasAFakeWithEachFunctionThatIsUsed) { EXPECT_EQ(functions.size(), loader.functions); }

TEST_P(EachLoader, MayAnswerWithAnErrorFromEachFunction) {
  for (const auto& function : functions)
    for (const int error : {1, -1}) {
      SCOPED_TRACE(function + " answers " + std::to_string(error));
      expect_usable_loader(with_fault(function, error));
    }
}

TEST_P(EachLoader, MayAnswerWithAnErrorTheSecondTime) {
  for (const auto& function : functions) {
    SCOPED_TRACE(function);
    expect_usable_loader(with_fault(function, {0, 1}));
  }
}

TEST_P(EachLoader, MayAnswerGarbageFromEachFunction) {
  for (const auto& function : functions) {
    SCOPED_TRACE(function);
    expect_usable_loader(with_fault(function, "garbage"));
  }
}

TEST_P(EachLoader, MayLackEachFunction) {
  for (const auto& function : functions) {
    SCOPED_TRACE(function);
    const RecordedMachine machine(loader.machine);
    const auto prepared = machine.machine();
    remove_function(machine, loader.library, function);
    const auto found = run_probe(loader.probe, prepared);
    if (found.report.outcome == ProbeOutcome::found) {
      expect_usable_loader(found);
    } else if (found.report.outcome != ProbeOutcome::driver_too_old) {
      EXPECT_EQ(found.report.outcome, ProbeOutcome::missing_symbol) << found.report.message;
      EXPECT_THAT(found.report.message, HasSubstr(function));
    }
  }
}

TEST_P(EachLoader, MayPrint) {
  const auto first = *functions.begin();
  const RecordedMachine silent(loader.machine);
  auto expected = run_probe(loader.probe, silent.machine());
  auto found = with_fault(first, "print");
  EXPECT_EQ(found.devices, expected.devices) << first;
  EXPECT_EQ(found.sightings, expected.sightings) << first;
}

TEST_P(EachLoader, MayHangOrCrash) {
  const std::string entry = loader.probe == std::string("opencl")     ? "clGetPlatformIDs"
                            : loader.probe == std::string("vulkan")   ? "vkCreateInstance"
                            : loader.probe == std::string("rocm")     ? "rsmi_init"
                            : loader.probe == std::string("openvino") ? "ov_core_create"
                                                                      : "zeInit";
  EXPECT_EQ(with_fault(entry, "crash").report.outcome, ProbeOutcome::crashed);
  EXPECT_EQ(with_fault(entry, "abort").report.outcome, ProbeOutcome::crashed);
  RecordedMachine machine(loader.machine);
  machine.drivers["faults"][entry] = "hang";
  const auto found = run_probe(loader.probe, machine.machine(), std::chrono::milliseconds(300));
  EXPECT_EQ(found.report.outcome, ProbeOutcome::timed_out);
}

TEST_P(EachLoader, MayBeNoLibrary) {
  const RecordedMachine machine(loader.machine);
  const auto prepared = machine.machine();
  std::filesystem::remove(machine.libraries() / loader.library);
  std::ofstream(machine.libraries() / loader.library) << "this is no library\n";
  const auto found = run_probe(loader.probe, prepared);
  if (loader.probe == std::string("rocm")) {  // the kernel tells enough
    EXPECT_EQ(found.report.outcome, ProbeOutcome::found);
    EXPECT_THAT(found.report.notes, Contains(HasSubstr("cannot be opened")));
  } else {
    EXPECT_EQ(found.report.outcome, ProbeOutcome::failed);
    EXPECT_THAT(found.report.message, HasSubstr(loader.library));
  }
}

TEST_P(EachLoader, MayLackALibraryThatItNeeds) {
  const RecordedMachine machine(loader.machine);
  const auto prepared = machine.machine();
  rename_in(machine, loader.library, "libstdc++.so.6", 'X');
  const auto found = run_probe(loader.probe, prepared);
  const auto is_said = AllOf(HasSubstr("Xibstdc++.so.6"), Not(HasSubstr("not installed")));
  if (loader.probe == std::string("rocm")) {
    EXPECT_THAT(found.report.notes, Contains(is_said));
  } else {
    EXPECT_EQ(found.report.outcome, ProbeOutcome::failed);
    EXPECT_THAT(found.report.message, is_said);
  }
}

struct RecordedLoader {
  const char* machine;
  const char* probe;
};

class RecordedMachines : public testing::TestWithParam<RecordedLoader> {};
INSTANTIATE_TEST_SUITE_P(
    Discover, RecordedMachines,
    testing::Values(
        RecordedLoader{"server_amd", "rocm"}, RecordedLoader{"workstation_amd_intel", "rocm"},
        RecordedLoader{"workstation_amd_intel", "level_zero"}, RecordedLoader{"workstation_amd_intel", "vulkan"},
        RecordedLoader{"workstation_amd_intel", "opencl"}, RecordedLoader{"laptop_integrated_gpu", "level_zero"},
        RecordedLoader{"laptop_integrated_gpu", "vulkan"}, RecordedLoader{"laptop_integrated_gpu", "opencl"},
        RecordedLoader{"laptop_npu", "level_zero"}, RecordedLoader{"laptop_npu", "openvino"},
        RecordedLoader{"workstation_amd_intel", "openvino"}, RecordedLoader{"server_intel_tiles", "level_zero"}),
    [](const auto& recorded) { return std::string(recorded.param.machine) + "_by_" + recorded.param.probe; });

TEST_P(RecordedMachines, GiveWhatIsExpected) {
  const RecordedMachine machine(GetParam().machine);
  expect_findings(GetParam().machine, run_probe(GetParam().probe, machine.machine()));
}

}  // namespace
}  // namespace berth::test
