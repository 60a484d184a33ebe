/// Plans for people, within 80 columns.
#pragma once

#include <string>

#include "berth/inventory.h"
#include "berth/memory.h"
#include "berth/model.h"
#include "berth/plan.h"
#include "berth/run_plans.h"

namespace berth::cli {

/// Devices with bars, layers with their devices, reasons; of what does not fit, what lacks and what would help. `request`
/// is what the plan was made by.
std::string plan_table(const Plan& plan, const ModelProfile& profile, const Inventory& inventory,
                       const PlanRequest& request);

/// Buffers as predicted and as the engine has them.
std::string verification_table(const MemoryUse& predicted, const MemoryUse& exact);

/// What was predicted of plans and what was seen when they ran.
std::string runs_table(const std::vector<PlanRun>& runs);

/// Two plans side by side, under these titles.
std::string comparison_table(const Plan& first, const std::string& first_title, const Plan& second,
                             const std::string& second_title);

}  // namespace berth::cli
