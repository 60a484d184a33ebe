/// What a model was planned by, on a machine that has lost devices since.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "berth/engine.h"

namespace berth::host {

using Tell = std::function<void(std::string_view)>;

/// This machine as it is now, with the workers that are known, those of `keys` among them, but for those that are silent.
Inventory what_is_left(const OrderedMap<DeviceKey>& keys, const std::set<std::string>& silent, const Tell& tell);

/// The request of `planning` with the names that its devices have on `left`: budgets, pins, the devices to use and to avoid
/// stay with their hardware, whatever it is called now. What was for a device that is gone goes, and `given_up` is told of
/// pins. No device comes into play that was ruled out before.
PlanRequest request_for(const Planning& planning, const Inventory& left, const Tell& given_up);

}  // namespace berth::host
