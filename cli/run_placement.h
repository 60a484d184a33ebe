/// Where `berth run` lets a model lie, when more than one device was asked for.
#pragma once

#include "berth/engine.h"
#include "berth/inventory.h"
#include "berth/model.h"
#include "run_options.h"

namespace berth::cli {

/// Whether the options say so: by a map, a strategy or a plan.
bool places_model(const RunOptions& options);

/// What carries that out on `machine`. Throws ModelDoesNotFit, and std::runtime_error where a plan does not hold on this
/// machine or is of another model.
LoadRequest placed_request(const RunOptions& options, const ModelProfile& profile, const Inventory& machine);

/// Devices with what they hold, runs of layers, and tensors that lie apart, as the engine tells.
std::string placement_table(const LoadedModel& model);
Value placement_value(const LoadedModel& model);

}  // namespace berth::cli
