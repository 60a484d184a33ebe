/// A session that goes on where it was when the engine or a device is lost.
#pragma once

#include <memory>

#include "engine/host/recovering_model.h"
#include "engine/turns.h"

namespace berth::host {

class RecoveringSession final : public Session {
 public:
  /// `session` is one of the model as it is loaded now.
  RecoveringSession(std::shared_ptr<const RecoveringModel> model, const SessionOptions& options,
                    std::unique_ptr<Session> session);

  GenerationResult generate(const GenerationRequest& request, const GenerationContext& call) override;

 private:
  struct Progress;

  GenerationResult attempt(const GenerationRequest& request, const GenerationContext& call, Progress& progress);
  void recover(const EngineLost& problem, const GenerationContext& call, Progress& progress);
  GenerationResult cancelled(const GenerationRequest& request, const Progress& progress) const;

  std::shared_ptr<const RecoveringModel> model_;
  SessionOptions options_;
  Turns turns_;
  RecoveringModel::It::Loaded of_;  // what session_ is one of
  std::unique_ptr<Session> session_;
};

}  // namespace berth::host
