/// Which module of a model goes to which device: the strategies of Hugging Face accelerate, and one that is better.
///
///     DeviceMapRequest request{.max_memory = max_memory_from(Value::from_json(R"({"0": "10GiB", "cpu": "30GiB"})"))};
///     to_hf(plan_device_map(tree, request).device_map);  // transformers' device_map
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/device.h"
#include "berth/module_tree.h"
#include "berth/value.h"

namespace berth {

/// Bytes that may be used of a device.
struct MemoryBudget {
  Device device = Device::cpu();
  std::uint64_t bytes = 0;

  bool operator==(const MemoryBudget&) const = default;
};

/// accelerate's `max_memory`: {"0": "10GiB", "cpu": 30000000000}, or the same as pairs [[0, "10GiB"], ["cpu", 30000000000]].
/// Devices are integers (cuda), or texts of Device::from_str. Sizes are bytes, or texts with a unit: KiB, MiB, GiB, KB, MB and
/// GB in any case; a small b at the end of the last three means bits. Throws std::invalid_argument saying where what is
/// wrong.
std::vector<MemoryBudget> max_memory_from(const Value& value);

enum class MapStrategy {
  explicit_,       ///< accelerate's, with the budgets as they are
  sequential,      ///< the same
  auto_,           ///< accelerate's, with budgets that even out the GPUs
  balanced,        ///< the same
  balanced_low_0,  ///< as balanced, with as little as possible on the first GPU
  optimal          ///< Berth's own
};
std::string_view to_string(MapStrategy strategy);  ///< "explicit", "sequential", "auto", ...
/// Throws std::invalid_argument naming the strategies that there are.
MapStrategy map_strategy_from_str(std::string_view text);

struct DeviceMapRequest {
  MapStrategy strategy = MapStrategy::optimal;
  /// In any order: GPUs come first by their ids, then mps and the CPU. The disk is always there, last and without limit.
  std::vector<MemoryBudget> max_memory = {};
  std::optional<std::string> dtype = {};  ///< that floating tensors are loaded as, where that is smaller: "float16"
  bool offload_buffers = false;
  bool fallback_allocation = false;
  bool clean_result = true;  ///< a module that lies on one device is one entry
  /// accelerate's answer as it is, where it is over a budget, leaves tensors out or offloads needlessly, and its
  /// errors. Otherwise such an answer is replaced by that of `optimal`.
  bool compat = false;
};

/// What a device map means for a model.
struct DeviceMapReport {
  std::vector<MemoryBudget> use = {};  ///< bytes once loaded, of all devices that have a budget or tensors
  std::vector<Device> over_budget = {};
  std::vector<std::string> uncovered = {};   ///< tensors without a device
  bool incomplete = false;                   ///< a parameter or a persistent buffer is among them
  std::vector<std::string> tied_split = {};  ///< the first name of each tensor that lies on several devices
  std::uint64_t off_accelerator_bytes = 0;   ///< on CPU and disk
  std::uint64_t disk_bytes = 0;
  std::uint64_t busiest_accelerator_bytes = 0;
  /// Where something is offloaded: what the first accelerator has left, and the largest offloaded part that has to pass
  /// through it and can.
  std::uint64_t main_free_bytes = 0;
  std::uint64_t largest_offloaded_bytes = 0;

  /// Within all budgets, nothing of the model's file left out, no tie split, and room for what has to pass through.
  bool is_sound() const {
    return over_budget.empty() && !incomplete && tied_split.empty() && main_free_bytes >= largest_offloaded_bytes;
  }
  bool operator==(const DeviceMapReport&) const = default;
};

/// Throws std::invalid_argument where the tree is wrong or a dtype is unknown.
DeviceMapReport check_device_map(const ModuleTree& tree, const DeviceMap& map, const DeviceMapRequest& request);

/// A device map, what it means, and why it is so.
struct DeviceMapPlan {
  DeviceMap device_map = {};
  DeviceMapReport report = {};
  std::vector<std::string> warnings = {};  ///< of accelerate
  std::vector<std::string> infos = {};     ///< what accelerate logs besides
  std::vector<std::string> reasons = {};
};

/// An error that accelerate raises. what() is "KeyError: 0".
class AccelerateError : public std::runtime_error {
 public:
  AccelerateError(std::string type, std::string message)
      : std::runtime_error(type + ": " + message), type_(std::move(type)), message_(std::move(message)) {}

  const std::string& type() const { return type_; }
  const std::string& message() const { return message_; }

 private:
  std::string type_;
  std::string message_;
};

/// Throws std::invalid_argument where tree or request are wrong, and AccelerateError where `compat` asks for it.
DeviceMapPlan plan_device_map(const ModuleTree& tree, const DeviceMapRequest& request);

}  // namespace berth
