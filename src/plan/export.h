/// What the exporters share.
#pragma once

#include <stdexcept>
#include <string_view>

#include "berth/plan.h"

namespace berth::plan {

/// Throws std::invalid_argument where there is no placement to write for `tool`.
inline void need_fitting(const Plan& plan, std::string_view tool) {
  if (plan.outcome == PlanOutcome::fits) return;
  throw std::invalid_argument("The model does not fit, so there is nothing to tell " + std::string(tool) +
                              ": the plan as a table says what would help");
}

}  // namespace berth::plan
