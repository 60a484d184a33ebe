/// The device maps of Hugging Face accelerate 1.15: get_balanced_memory and infer_auto_device_map.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "berth/device_map_plan.h"
#include "plan/device_map/accelerate_count.h"
#include "plan/device_map/accelerate_model.h"

namespace berth::plan {

/// What a device may hold, as accelerate reckons with it.
struct CountedBudget {
  Device device;
  Count limit;
};

/// Budgets of GPUs lowered so that each gets about the same. Throws AccelerateError "KeyError" as accelerate does.
std::vector<CountedBudget> balanced(const AccelerateModel& model, std::vector<CountedBudget> budgets, bool low_zero);

struct InferredMap {
  DeviceMap device_map;
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};

/// Throws AccelerateError where accelerate raises, std::invalid_argument where it would not end.
InferredMap infer_device_map(const AccelerateModel& model, const std::vector<CountedBudget>& budgets,
                             const DeviceMapRequest& request);

/// Where nothing fits on an empty device: an item of `waiting`, or a part of one, that fits in `limit`, and what is left
/// without it. None where there is none.
struct Fallback {
  Item item;
  std::vector<Item> rest;
};
std::optional<Fallback> find_fallback(const AccelerateModel& model, const std::vector<Item>& waiting, Count limit);

/// Entries below one name that are all on one device become one entry, at the end.
DeviceMap cleaned(const DeviceMap& map);

/// The budgets that accelerate's map is made with: those of the request, or balanced ones.
std::vector<CountedBudget> counted_budgets(const AccelerateModel& model, const DeviceMapRequest& request);

/// accelerate's map as `request` asks for it.
InferredMap accelerate_map(const ModuleGraph& graph, const DeviceMapRequest& request);

}  // namespace berth::plan
