#include <string>

#include "berth/inventory.h"
#include "inventory/simulate_machine.h"
#include "inventory/simulate_topology.h"
#include "inventory/simulated_uuid.h"

namespace berth {

Inventory simulate(std::string_view machine) {
  constexpr std::string_view hwloc = "hwloc:";
  auto inventory = machine.starts_with(hwloc) ? discovery::simulate_topology(machine.substr(hwloc.size()))
                                              : discovery::simulate_machine(machine, true);
  inventory.host = "simulated";
  for (auto& info : inventory.devices)
    if (info.device.type() != DeviceType::cpu && !info.engines.empty())
      info.uuid = std::string(simulated_uuid_prefix) + (info.uuid.empty() ? info.device.str() : info.uuid);
  if (inventory.probes.empty()) inventory.probes.emplace_back();
  auto& report = inventory.probes.front();
  report.probe = "simulate";
  report.outcome = ProbeOutcome::found;
  report.message = std::string(machine);
  return inventory;
}

}  // namespace berth
