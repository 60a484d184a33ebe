#include "engine/engine_probes.h"

#include <vector>

#include "berth/engine.h"
#include "discover/drivers/nvidia.h"
#include "discover/drivers/sysfs.h"
#ifdef BERTH_WITH_LLAMA
#include "engine/llama/backends.h"
#include "engine/llama/llama_engine.h"
#endif

namespace berth {
namespace {

using discovery::Findings;
using discovery::Machine;
using discovery::Probe;

Findings look(const Engine& engine) {
  Findings findings{.report = {.probe = std::string(engine.name()), .library_version = engine.version()}};
  findings.devices = engine.devices();
  findings.uses_workers = engine.uses_workers();
#ifdef BERTH_WITH_LLAMA
  findings.report.notes = llama::backend_notes();
#endif
  if (!findings.devices.empty()) findings.report.outcome = ProbeOutcome::found;
  return findings;
}

/// Whether an engine of this build has backends for GPUs.
bool enters_drivers() {
#ifdef BERTH_WITH_LLAMA
  return llama::backends_enter_drivers();
#else
  return false;
#endif
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
                       .in_child = enters_drivers(),
                       .slow_gpus = gpus_on_bus,
                       .program = "berth-engine-probe",
                       .why_slow = discovery::nvidia_is_slow,
                       .to_do_without = "hide its GPUs (CUDA_VISIBLE_DEVICES=-1, HIP_VISIBLE_DEVICES=-1, "
                                        "GGML_VK_VISIBLE_DEVICES=), or use a build for the CPU"});
    return table;
  }();
  return all;
}

std::vector<DeviceInfo> devices_without_drivers() {
#ifdef BERTH_WITH_LLAMA
  if (llama::has_modules()) return llama::devices_without_drivers();
#endif
  return {};
}

}  // namespace berth
