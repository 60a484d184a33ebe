/// An engine that runs in this process or in one of its own, as each request wants it.
#pragma once

#include "engine/host/isolated_engine.h"

namespace berth::host {

class HostedEngine final : public IsolatedEngine {
 public:
  using IsolatedEngine::IsolatedEngine;

  std::shared_ptr<const LoadedModel> load(const LoadRequest& request, const LoadContext& context) const override;
};

}  // namespace berth::host
