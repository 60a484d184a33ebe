/// Where `berth run` lets a model lie, when more than one device was asked for.
#pragma once

#include <memory>

#include "berth/engine.h"
#include "berth/plan.h"
#include "run_options.h"

namespace berth::cli {

/// Whether the options say so: by a map, a strategy or a plan.
bool places_model(const RunOptions& options);

/// Carries that out on look_here(), and tells each step down. Throws ModelDoesNotFit, DeviceNotFound for a map of devices
/// that are not there, and std::runtime_error where a plan does not hold on this machine or is of another model. `context`
/// holds the profile.
std::shared_ptr<const LoadedModel> load_placed(const RunOptions& options, const Engine& engine,
                                               const LoadContext& context);

/// The same by a plan that is made first.
std::shared_ptr<const LoadedModel> load_by_strategy(const RunOptions& options, const Engine& engine,
                                                    const LoadContext& context, MapStrategy strategy);

/// Devices with what they hold, runs of layers, and tensors that lie apart, as the engine tells.
std::string placement_table(const LoadedModel& model);
Value placement_value(const LoadedModel& model);

}  // namespace berth::cli
