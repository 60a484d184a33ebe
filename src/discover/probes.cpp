#include <vector>

#include "discover/driver_probes.h"
#include "discover/host/cpu_probe.h"
#include "discover/probes.h"

namespace berth::discovery {

std::span<const Probe> probes() {
  static const std::vector<Probe> all = [] {
    std::vector<Probe> table{{"cpu", probe_cpu, false}};
    table.insert(table.end(), driver_probes().begin(), driver_probes().end());
    table.push_back({"rpc", probe_rpc, false});
    return table;
  }();
  return all;
}

}  // namespace berth::discovery
