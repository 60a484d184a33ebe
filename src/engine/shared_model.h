/// Models that several components use are loaded once.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>

#include "berth/engine.h"
#include "berth/value.h"

namespace berth {

/// The model of `file` that was loaded for the same wish and that somebody still uses, else what `load` gives. `wish` is
/// what is asked for besides the file: a request, or a strategy. Who asks while it is being loaded waits. Throws Cancelled,
/// and what `load` throws.
std::shared_ptr<const LoadedModel> shared_model(const std::filesystem::path& file, const Value& wish,
                                                const std::stop_token& stop,
                                                const std::function<std::shared_ptr<const LoadedModel>()>& load);

}  // namespace berth
