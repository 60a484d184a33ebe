/// A machine as the planner sees it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "berth/plan.h"
#include "plan/speed/weight_rates.h"

namespace berth::plan {

/// What one token takes on a device.
struct TokenRates {
  double bytes_per_s = 0;  ///< of weights
  double link_s = 0;       ///< to bring its state there
  double operation_s = 0;  ///< of each operation, beyond reading weights

  double seconds(double read_bytes, double operations) const {
    return read_bytes / bytes_per_s + operations * operation_s;
  }
};

struct PlanDevice {
  Device device = Device::cpu();
  std::string pool = {};
  std::uint64_t room = 0;        ///< bytes that may be used of it
  TokenRates counted = {};       ///< by the objective
  TokenRates decode = {};        ///< of a token that is written
  TokenRates prompt = {};        ///< of one of a prompt
  bool measured = false;         ///< the rate of its memory
  bool prompt_measured = false;  ///< and of its products
  std::string_view rates_from =
      {};                 ///< whose table has what was not measured; empty: rates are measured, or usual ones
  bool budgeted = false;  ///< the request says how much
};

struct MachineView {
  PlanDevice cpu;
  std::vector<PlanDevice> devices;             ///< the others that may be used, in the order of the engine
  std::size_t left_out = 0;                    ///< devices beyond those that the engine takes
  std::optional<PlanDevice> disk = {};         ///< where the CPU may leave weights that it has no room for
  std::map<std::string, std::uint64_t> pools;  ///< bytes that may be used of each

  /// The CPU, one of the devices or the disk; none where the plan may not use it.
  const PlanDevice* find(const Device& device) const;
  bool shares_host_memory(const PlanDevice& device) const { return device.pool == cpu.pool; }
};

/// How often a token is written, and how many tokens of prompts are read for it, in what an objective counts.
struct ObjectiveWeights {
  double decode = 1;
  double prompt = 0;
};

ObjectiveWeights weights_of(const PlanRequest& request);

/// The machine with what the objective of `request` counts.
MachineView counted_by(MachineView machine, const PlanRequest& request);

/// What a model does for one token.
struct TokenWork {
  std::uint64_t state_bytes = 0;  ///< from one layer to the next
  double flop_per_byte = 0;       ///< of weights
  std::vector<WeightShare> weights = {};
  std::uint64_t weight_bytes = 0;
};

/// Throws std::invalid_argument for devices to use or avoid that the inventory does not have, and for contradictions.
void check_choices(const Inventory& inventory, const PlanRequest& request);

/// What may be used of a device by itself: what is free of it, or less where the request says so.
std::uint64_t room_of(const DeviceInfo& info, const Inventory& inventory, const PlanRequest& request);

/// Whether the request says how much of a device may be used.
bool has_budget(const DeviceInfo& info, const Inventory& inventory, const PlanRequest& request);

/// Throws std::invalid_argument for devices of the request
/// that the inventory does not have.
MachineView view_of(const Inventory& inventory, const PlanRequest& request, const TokenWork& work);

}  // namespace berth::plan
