#include "engine/host/isolated_engine.h"

#include "engine/host/host_model.h"

namespace berth::host {

std::shared_ptr<const LoadedModel> IsolatedEngine::load(const LoadRequest& request, const LoadContext& context) const {
  return std::make_shared<HostModel>(name(), request, context);
}

}  // namespace berth::host
