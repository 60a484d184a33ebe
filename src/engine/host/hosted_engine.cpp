#include "engine/host/hosted_engine.h"

#include <algorithm>
#include <stdexcept>

#include "engine/host/recovering_model.h"

namespace berth::host {
namespace {

/// As the engine itself refuses it.
void check(const LoadRequest& request, const LoadContext& context) {
  if (request.max_recoveries < 0 || request.patience_s < 0)
    throw std::invalid_argument("`max_recoveries` and `patience_s` of a LoadRequest must be 0 or more");
  if (context.profile && context.profile->path != request.model)
    throw std::invalid_argument("The profile that was given is of '" + context.profile->path.string() + "', not of '" +
                                request.model.string() + "', which is to be loaded");
}

bool wants_process(const LoadRequest& request) {
  if (request.isolation != Isolation::automatic) return request.isolation == Isolation::process;
  return std::ranges::any_of(request.keys, [](const auto& each) { return !each.second.endpoint.empty(); });
}

}  // namespace

std::shared_ptr<const LoadedModel> HostedEngine::load(const LoadRequest& request, const LoadContext& context) const {
  if (!wants_process(request)) return here_.load(request, context);
  check(request, context);
  return std::make_shared<RecoveringModel>(here_, request, context);
}

}  // namespace berth::host
