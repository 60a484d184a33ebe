// What the probes of the CPU and of disks find on the recorded machines, compared with expected.cpu.json.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "berth/value.h"
#include "discover/host/cpu_probe.h"
#include "discover/host/disk_probe.h"
#include "discover/host_machine.h"
#include "json_file.h"

namespace berth::test {
namespace {

using Folders = std::vector<std::filesystem::path>;

const std::map<std::string, Folders> machines{
    {"apple_laptop", {}},
    {"broken_driver", {}},
    {"container_cgroup_v1", {"/models/new/folder"}},
    {"container_limits", {"/models", "/dev/shm/offload", "/home/ada"}},
    {"laptop_integrated_gpu", {"/home/ada/models", "/tmp/offload", "/opt"}},
    {"server_8gpu_nvlink", {"/scratch/models", "/home/ada"}},
    {"server_amd", {"/models/llama", "/home/ada", "/var"}},
    {"server_mig", {}},
    {"two_numa_nodes", {}},
    {"workstation_two_gpus", {"/home/ada", "/srv/models", "/data/offload", "/home/ada/../eve"}},
};

Value found_on(const std::string& name, const Folders& folders) {
  const HostMachine recorded(name);
  auto cpu = discovery::probe_cpu(recorded.files());
  cpu.report.library_version.clear();  // that of the hwloc at hand
  return Value::Object{{"cpu", Value::from_json(cpu.to_json())},
                       {"disk", Value::from_json(discovery::probe_disk(recorded.files(folders)).to_json())}};
}

class HostMachines : public testing::TestWithParam<std::pair<const std::string, Folders>> {};

// BERTH_REWRITE_GOLDEN=1 writes the files anew, to be reviewed as a diff.
TEST_P(HostMachines, AreFoundAsExpected) {
  const auto& [name, folders] = GetParam();
  const auto found = found_on(name, folders);
  const std::string file = "machines/" + name + "/expected.cpu.json";
  if (std::getenv("BERTH_REWRITE_GOLDEN") != nullptr)
    std::ofstream(std::string(BERTH_TEST_DATA_DIR "/") + file) << found.to_json(2) << '\n';
  EXPECT_EQ(found.to_json(2), json_file(file).to_json(2));
}

INSTANTIATE_TEST_SUITE_P(, HostMachines, testing::ValuesIn(machines),
                         [](const auto& machine) { return machine.param.first; });

}  // namespace
}  // namespace berth::test
