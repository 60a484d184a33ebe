#include "engine/engine_probes.h"

#include <vector>

#include "berth/engine.h"
#include "discover/drivers/nvidia.h"
#include "discover/drivers/sysfs.h"

namespace berth {
namespace {

using discovery::Findings;
using discovery::Machine;
using discovery::Probe;

Findings look(const Engine& engine) {
  Findings findings{.report = {.probe = std::string(engine.name()), .library_version = engine.version()}};
  findings.devices = engine.devices();
  findings.uses_workers = engine.uses_workers();
  if (!findings.devices.empty()) findings.report.outcome = ProbeOutcome::found;
  return findings;
}

/// Of any vendor: listing them makes a context on each.
std::size_t gpus_on_bus(const Machine& machine) { return discovery::pci_devices(machine.root).size(); }

}  // namespace

std::span<const Probe> engine_probes() {
  static const std::vector<Probe> all = [] {
    std::vector<Probe> table;
    for (const Engine* each : engines())
      table.push_back({.name = each->name(),
                       .look = [each](const Machine&) { return look(*each); },
                       .in_child = BERTH_ENGINES_ENTER_DRIVERS,
                       .slow_gpus = gpus_on_bus,
                       .program = "berth-engine-probe",
                       .why_slow = discovery::nvidia_is_slow,
                       .to_do_without = "hide its GPUs (CUDA_VISIBLE_DEVICES=-1, HIP_VISIBLE_DEVICES=-1, "
                                        "GGML_VK_VISIBLE_DEVICES=), or use a build for the CPU"});
    return table;
  }();
  return all;
}

}  // namespace berth
