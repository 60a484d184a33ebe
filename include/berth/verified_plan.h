/// Plans whose bytes are those of the engine itself.
///
///     const auto plan = verified_plan(engine("llama.cpp"), profile, discover(), {.context = {.n_ctx = 8192}});
///     std::cout << plan.exact << '\n';  // true, where it fits
#pragma once

#include "berth/engine.h"
#include "berth/inventory.h"
#include "berth/memory.h"
#include "berth/model.h"
#include "berth/plan.h"

namespace berth {

/// What `engine` says that the model of `plan` takes, without companions: Engine::memory().
MemoryUse asked_memory(const Engine& engine, const ModelProfile& profile, const Plan& plan);

/// As make_plan(), corrected by what `engine` says of it: `use` has the engine's bytes. Where they are more than a device
/// has, another plan is made that leaves as much free as was lacking, a few times at most; then the model does not fit.
/// Companions count as make_plan() has them. Throws as make_plan() and Engine::memory().
Plan verified_plan(const Engine& engine, const ModelProfile& profile, const Inventory& inventory,
                   const PlanRequest& request = {});

}  // namespace berth
