#include "engine/host/isolated_engine.h"

#include "engine/checked_models.h"
#include "engine/host/host_model.h"

namespace berth::host {

MemoryUse IsolatedEngine::memory(const std::filesystem::path& model, const Placement& placement,
                                 const ContextSpec& context, const OrderedMap<DeviceKey>& keys) const {
  const bool is_safe = endpoints_of(keys).empty() && is_checked(model, ModelSearch::from_environment());
  if (is_safe) return here_.memory(model, placement, context, keys);
  return model_memory_there(name(), {.model = model, .placement = placement, .keys = keys, .context = context});
}

std::shared_ptr<const LoadedModel> IsolatedEngine::load(const LoadRequest& request, const LoadContext& context) const {
  auto mine = request;
  mine.patience_s = patience_s_.value_or(request.patience_s);
  return std::make_shared<HostModel>(name(), mine, context, watch_);
}

}  // namespace berth::host
