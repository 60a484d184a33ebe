/// Which components may be loaded at the same time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "berth/inventory.h"
#include "berth/placement.h"
#include "engine/plan_here.h"

namespace berth {

/// What is left of the memory of each device, from when its first use is asked for.
class FreeMemory {
 public:
  /// `machine` is called once, when a device other than the CPU is first named: that asks drivers.
  explicit FreeMemory(std::function<Inventory()> machine = machine_here) : find_machine_(std::move(machine)) {}

  /// Whether `use` fits beside all that was taken; then it is taken too. Devices that do not tell what is free hold
  /// everything.
  bool take(const std::vector<DeviceUse>& use);

 private:
  std::uint64_t free_on(const Device& device);

  std::function<Inventory()> find_machine_;
  std::optional<Inventory> machine_;
  std::map<std::string, std::uint64_t> left_;
};

}  // namespace berth
