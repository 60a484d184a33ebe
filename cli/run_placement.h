/// Where `berth run` lets a model lie, when more than one device was asked for.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "berth/engine.h"
#include "berth/inventory.h"
#include "berth/model.h"
#include "run_options.h"

namespace berth::cli {

using PlacedRequest = std::pair<LoadRequest, std::shared_ptr<Reservation>>;

/// Whether the options say so: by a map, a strategy or a plan.
bool places_model(const RunOptions& options);

/// What carries that out on `machine`, and the memory that is kept for it. Throws ModelDoesNotFit, and std::runtime_error where a plan does not hold on this
/// machine or is of another model.
PlacedRequest placed_request(const RunOptions& options, const ModelProfile& profile,
                             const std::function<Inventory()>& machine);

/// Devices with what they hold, runs of layers, and tensors that lie apart, as the engine tells.
std::string placement_table(const LoadedModel& model);
Value placement_value(const LoadedModel& model);

}  // namespace berth::cli
