/// A language model that is loaded anew when it is lost.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/host/isolated_engine.h"
#include "engine/host/renewed.h"

namespace berth::host {

/// What is told of one that was loaded.
struct KnownModel {
  LoadedModelInfo info;
  ContextSpec context;

  explicit KnownModel(const LoadedModel& model) : info(model.info()), context(model.context()) {}
  std::string where() const { return info.where(); }
};

class RecoveringModel final : public LoadedModel, public std::enable_shared_from_this<RecoveringModel> {
 public:
  using It = Renewed<LoadedModel, LoadRequest, KnownModel>;

  /// Throws as Engine::load().
  RecoveringModel(const Engine& engine, LoadRequest request, const LoadContext& context);

  /// These belong to the model as it was loaded last; what they answered before stays.
  const LoadedModelInfo& info() const override { return it_.known().info; }
  const ContextSpec& context() const override { return it_.known().context; }

  Prompt apply_chat_template(const std::vector<ChatMessage>& messages,
                             const ChatTemplateOptions& options) const override;
  std::size_t count_tokens(const Prompt& prompt, const std::stop_token& stop) const override;
  std::unique_ptr<Session> new_session(const SessionOptions& options) const override;
  std::vector<DeviceUse> memory() const override;
  std::vector<PlacedTensor> tensors() const override;

  It& it() const { return it_; }

 private:
  std::pair<It::Loaded, LoadRequest> load_elsewhere(const std::set<std::string>& silent,
                                                    const LoadContext& context) const;

  std::shared_ptr<WorkerWatch> watch_ = std::make_shared<WorkerWatch>();
  IsolatedEngine engine_;
  LoadRequest first_;                         // what was asked for
  std::shared_ptr<const Planning> planning_;  // and planned by
  mutable It it_;
};

}  // namespace berth::host
