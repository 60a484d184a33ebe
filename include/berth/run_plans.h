/// Plans that run for a moment, so that the best of them is known and not only predicted.
///
///     const auto plan = make_plan(profile, machine, request);
///     const auto runs = run_plans(engine("llama.cpp"), profile, {{"the plan", plan}});
///     std::cout << runs[0].plan.predicted->decode_tokens_per_s << " tokens/s\n";
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "berth/engine.h"
#include "berth/model.h"
#include "berth/plan.h"

namespace berth {

struct PlanRun {
  std::string what = {};     ///< of the alternative
  Plan plan = {};            ///< `predicted` holds what was seen, where it ran; what was predicted stands in `reasons`
  std::string problem = {};  ///< why it did not run, or did not write enough tokens to tell; empty where it did
};

/// Loads one plan after the other and lets it write for `each`, after a prompt of some hundred tokens, on as short a
/// context as that takes; in the given order. A plan that does not fit or cannot be loaded is a `problem`. When
/// `context.stop` is asked to stop, those that ran are returned.
std::vector<PlanRun> run_plans(const Engine& engine, const ModelProfile& profile,
                               const std::vector<Alternative>& plans, const LoadContext& context = {},
                               std::chrono::milliseconds each = std::chrono::seconds(1));

}  // namespace berth
