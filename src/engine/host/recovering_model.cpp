#include "engine/host/recovering_model.h"

#include "engine/host/recovering_session.h"
#include "engine/host/what_is_left.h"
#include "engine/plan_here.h"

namespace berth::host {

RecoveringModel::RecoveringModel(const Engine& engine, LoadRequest request, const LoadContext& context)
    : engine_(engine, watch_, request.patience_s),
      first_(std::move(request)),
      planning_(context.planning),
      it_(first_, first_.max_recoveries, *watch_,
          {[this](const auto& latest, const auto& call) { return engine_.load(latest, call); },
           [this](const auto& silent, const auto& call) { return load_elsewhere(silent, call); }}) {
  it_.load(context);
}

/// By a plan of Berth's own: what was asked for cannot be had.
std::pair<RecoveringModel::It::Loaded, LoadRequest> RecoveringModel::load_elsewhere(const std::set<std::string>& silent,
                                                                                    const LoadContext& given) const {
  const auto tell = [&](std::string_view what) {
    if (given.log) given.log(LogLevel::warning, what);
  };
  auto context = given;
  context.profile = std::make_shared<const ModelProfile>(read_model(first_.model));
  auto request = default_plan_request(*context.profile);
  // Nobody else plans from this look at the machine on until the memory is kept; the names of devices are those of then.
  auto accepted = accept_plan(*context.profile, request, [&] {
    auto left = what_is_left(first_.keys, silent, tell);
    if (planning_) request = request_for(*planning_, left, tell);
    if (first_.context) {
      request.context = *first_.context;
      request.min_context.reset();
    }
    return left;
  });
  accepted.look = [&] { return what_is_left(first_.keys, silent, tell); };
  auto planned = load_accepted(engine_, *context.profile, request, std::move(accepted), context, tell);
  return {std::move(planned.model), LoadRequest::of(planned.plan, first_.model)};
}

Prompt RecoveringModel::apply_chat_template(const std::vector<ChatMessage>& messages,
                                            const ChatTemplateOptions& options) const {
  return it_.ask([&](const LoadedModel& model) { return model.apply_chat_template(messages, options); });
}

std::size_t RecoveringModel::count_tokens(const Prompt& prompt, const std::stop_token& stop) const {
  return it_.ask([&](const LoadedModel& model) { return model.count_tokens(prompt, stop); }, stop);
}

std::vector<DeviceUse> RecoveringModel::memory() const {
  return it_.ask([](const LoadedModel& model) { return model.memory(); });
}

std::vector<PlacedTensor> RecoveringModel::tensors() const {
  return it_.ask([](const LoadedModel& model) { return model.tensors(); });
}

std::unique_ptr<Session> RecoveringModel::new_session(const SessionOptions& options) const {
  auto first = it_.ask([&](const LoadedModel& model) { return model.new_session(options); });
  return std::make_unique<RecoveringSession>(shared_from_this(), options, std::move(first));
}

}  // namespace berth::host
