/// Planning and loading in one step, and what is given up where memory lacks although the plan fits.
///
///     const auto loaded = load_planned(engine("llama.cpp"), read_model("model.gguf"), discover(),
///                                      {.context = {.n_ctx = 8192}, .min_context = 2048});
///     for (const auto& step : loaded.steps_down) std::cerr << step << '\n';
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "berth/engine.h"
#include "berth/inventory.h"
#include "berth/model.h"
#include "berth/plan.h"

namespace berth {

/// A model that lies where its plan says.
struct PlannedModel {
  Plan plan = {};  ///< the one that holds, after all steps
  std::shared_ptr<const LoadedModel> model = {};
  /// What was given up, in order: "cuda:0 lacks memory: n_ubatch 256 instead of 512". Empty where the first plan held.
  std::vector<std::string> steps_down = {};
};

/// Makes a plan for `inventory`, less what is kept for models that run already, loads it, and makes sure that there is room
/// for the whole context. `inventory` should be a look of this moment. Memory can lack although the plan
/// fits, as when another program took some of it since the machine was looked at. Then one thing is given up and the
/// load is tried again, as long as there is something left; `on_step` is told of it before. In this order: n_ubatch is
/// halved, down to 64; the cache is kept in Q8_0; the context is halved, down to `request.min_context`, where that is
/// stated; and a tenth of what lies on the device that lacks memory goes to the others. Where the weights themselves lack
/// room, only the last helps. Throws ModelDoesNotFit where no plan fits or nothing is left, and as Engine::load.
PlannedModel load_planned(const Engine& engine, const ModelProfile& profile, const Inventory& inventory,
                          const PlanRequest& request, const LoadContext& context = {},
                          const std::function<void(std::string_view)>& on_step = {});

}  // namespace berth
