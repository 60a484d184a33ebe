/// A model in a process of its own that is loaded anew, on what is left, when that process or a device is lost.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "berth/error.h"
#include "engine/host/isolated_engine.h"
#include "engine/host/recover.h"
#include "engine/host/untold.h"

namespace berth::host {

class RecoveringModel final : public LoadedModel, public std::enable_shared_from_this<RecoveringModel> {
 public:
  using Loaded = std::shared_ptr<const LoadedModel>;

  /// Throws as Engine::load().
  RecoveringModel(const Engine& engine, LoadRequest request, const LoadContext& context);

  /// These belong to the model as it was loaded last; what they answered before stays.
  const LoadedModelInfo& info() const override;
  const ContextSpec& context() const override;

  Prompt apply_chat_template(const std::vector<ChatMessage>& messages,
                             const ChatTemplateOptions& options) const override;
  std::size_t count_tokens(const Prompt& prompt) const override;
  std::unique_ptr<Session> new_session(const SessionOptions& options) const override;
  std::vector<DeviceUse> memory() const override;
  std::vector<PlacedTensor> tensors() const override;

  Loaded current() const;
  int max_recoveries() const { return first_.max_recoveries; }

  /// Loads the model anew where `lost` is still the current one. Throws EngineLost where that is given up, and Cancelled.
  Recovery recover(const Loaded& lost, const EngineLost& why, const std::stop_token& stop,
                   const LogCallback& log) const;

  /// Losses between two generations, which the next one tells.
  std::vector<std::string> take_untold() const { return untold_.take(); }

 private:
  template <class Work>
  auto ask(Work work) const;
  void set_current(Loaded model) const;
  Loaded load_elsewhere(const std::set<std::string>& silent, const LoadContext& context) const;

  std::shared_ptr<WorkerWatch> watch_ = std::make_shared<WorkerWatch>();
  IsolatedEngine engine_;
  LoadRequest first_;                         // what was asked for
  std::shared_ptr<const Planning> planning_;  // and planned by
  mutable LoadRequest latest_;                // what is loaded, with recovering_
  mutable Untold untold_;
  mutable std::mutex recovering_;
  mutable std::string last_recovery_;  // with recovering_
  mutable std::mutex mutex_;           // of what follows
  mutable Loaded current_;
  mutable std::list<LoadedModelInfo> infos_;  // the last one counts
  mutable std::list<ContextSpec> contexts_;
};

}  // namespace berth::host
