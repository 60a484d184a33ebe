/// Inventory and plan in one step.
#pragma once

#include "berth/model.h"
#include "berth/plan.h"
#include "berth/resolve.h"

namespace berth {

/// What is planned for a model where nobody stated a context: what it was trained for, or, where that does not fit, as much
/// as fits and at least 4096 tokens.
PlanRequest default_plan_request(const ModelProfile& profile);

/// A plan for this machine as discover() sees it now.
Plan plan_here(const ModelProfile& profile, const PlanRequest& request);

/// Whether the model, with a context of 4096 tokens, fits on the one device that was taken. Where the machine does not tell
/// what is free, it does.
bool fits_alone(const ModelProfile& profile, const Resolution& resolution);

}  // namespace berth
