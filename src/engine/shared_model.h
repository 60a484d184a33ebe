/// Models that several components use are loaded once.
#pragma once

#include <memory>

#include "berth/engine.h"

namespace berth {

/// The model of `request` from that engine: the one that is loaded already where somebody still uses the same file on the
/// same device, else a new one. Who asks while it is being loaded waits. Throws as Engine::load().
std::shared_ptr<const LoadedModel> shared_model(const Engine& engine, const LoadRequest& request,
                                                const LoadContext& context);

}  // namespace berth
