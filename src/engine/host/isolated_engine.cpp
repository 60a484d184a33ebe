#include "engine/host/isolated_engine.h"

#include "engine/host/host_model.h"

namespace berth::host {

std::shared_ptr<const LoadedModel> IsolatedEngine::load(const LoadRequest& request, const LoadContext& context) const {
  auto mine = request;
  mine.patience_s = patience_s_.value_or(request.patience_s);
  return std::make_shared<HostModel>(name(), mine, context, watch_);
}

}  // namespace berth::host
