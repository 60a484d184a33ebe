/// A session of a model in a process of its own.
#pragma once

#include <memory>

#include "engine/host/host_model.h"

namespace berth::host {

/// For one thread at a time.
class HostSession final : public Session {
 public:
  HostSession(std::shared_ptr<const HostModel> model, const SessionOptions& options);
  ~HostSession() override;

  GenerationResult generate(const GenerationRequest& request, const GenerationContext& call) override;

 private:
  std::shared_ptr<const HostModel> model_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace berth::host
