/// A machine as the planner sees it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "berth/plan.h"

namespace berth::plan {

struct PlanDevice {
  Device device = Device::cpu();
  std::string pool = {};
  std::uint64_t room = 0;  ///< bytes that may be used of it
  double bytes_per_s = 0;  ///< of its memory
  double link_s = 0;       ///< to bring the state of one token to it
  bool measured = false;   ///< whether that rate was
};

struct MachineView {
  PlanDevice cpu;
  std::vector<PlanDevice> devices;             ///< the others that may be used, in the order of the engine
  std::map<std::string, std::uint64_t> pools;  ///< bytes that may be used of each

  bool shares_host_memory(const PlanDevice& device) const { return device.pool == cpu.pool; }
};

/// `state_bytes`: what goes from one layer to the next for a token. Throws std::invalid_argument for devices of the request
/// that the inventory does not have.
MachineView view_of(const Inventory& inventory, const PlanRequest& request, std::uint64_t state_bytes);

}  // namespace berth::plan
