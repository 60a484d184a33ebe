/// A model in a process of its own, as if it were here.
#pragma once

#include "berth/engine.h"
#include "engine/host/host_process.h"

namespace berth::host {

class HostModel final : public LoadedModel, public std::enable_shared_from_this<HostModel> {
 public:
  /// Loads it by the engine of that name in a new process, while `watch` looks after its workers. Throws as Engine::load().
  HostModel(std::string_view engine, const LoadRequest& request, const LoadContext& context,
            const std::shared_ptr<WorkerWatch>& watch);

  const LoadedModelInfo& info() const override { return info_; }
  Prompt apply_chat_template(const std::vector<ChatMessage>& messages,
                             const ChatTemplateOptions& options) const override;
  std::size_t count_tokens(const Prompt& prompt, const std::stop_token& stop) const override;
  std::unique_ptr<Session> new_session(const SessionOptions& options) const override;
  const ContextSpec& context() const override { return context_; }
  std::vector<DeviceUse> memory() const override;
  std::vector<PlacedTensor> tensors() const override;

  HostProcess& process() const { return process_; }

 private:
  void load(LoadRequest request, const LoadContext& context);

  mutable HostProcess process_;
  LoadedModelInfo info_;
  ContextSpec context_;
};

/// Engine::memory() of the engine of that name, asked in a process of its own.
MemoryUse model_memory_there(std::string_view engine, const LoadRequest& request);

}  // namespace berth::host
