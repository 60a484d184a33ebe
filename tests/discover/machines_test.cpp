#include <gtest/gtest.h>

#include "discover/merge.h"
#include "golden_file.h"
#include "host_machine.h"
#include "inventory/inventory_check.h"

namespace berth::discovery {
namespace {

/// What all probes together make of each recorded machine: tests/data/machines/NAME/inventory.json.
class WholeMachines : public testing::TestWithParam<std::string> {};

TEST_P(WholeMachines, GiveTheirInventoryThroughTheRealProbes) {
  const test::HostMachine recorded(GetParam());
  auto machine = recorded.machine();
  machine.environment.emplace("HOME", "/home/ada");
  DiscoverOptions options;
  options.probe_timeout = std::chrono::minutes(1);
  auto inventory = merge(run_probes(options, machine));
  EXPECT_NO_THROW(check_inventory(inventory));
  for (auto& report : inventory.probes) report.milliseconds = 0;
  inventory.origin = InventoryOrigin::recorded;
  auto text = inventory.to_dict().to_json(1) + "\n";
  const auto folder = recorded.root().parent_path().string();  // another one each time
  for (auto at = text.find(folder); at != text.npos; at = text.find(folder, at))
    text.replace(at, folder.size(), "MACHINE");
  test::expect_golden("machines/" + GetParam() + "/inventory.json", text);
}

INSTANTIATE_TEST_SUITE_P(All, WholeMachines,
                         testing::Values("broken_driver", "container_cgroup_v1", "container_limits",
                                         "laptop_integrated_gpu", "laptop_npu", "server_8gpu_nvlink", "server_amd",
                                         "server_intel_tiles", "server_mig", "two_numa_nodes", "workstation_amd_intel",
                                         "workstation_two_gpus"),
                         [](const auto& machine) { return machine.param; });

}  // namespace
}  // namespace berth::discovery
