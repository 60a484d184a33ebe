/// Device maps of models in safetensors, as transformers takes them.
#pragma once

#include <string>

#include "berth/inventory.h"
#include "berth/model.h"
#include "plan_options.h"

namespace berth::cli {

/// Divides the modules of `profile` by the strategy of `options`, and prints or writes that in `format`: table, json, yaml
/// or hf. Weights count, cache and buffers do not. Returns the exit code. Throws WrongUse for what a device map cannot say.
int plan_modules(const PlanOptions& options, const PlanRequest& request, const std::string& format,
                 const ModelProfile& profile, const Inventory& inventory);

}  // namespace berth::cli
