#include "engine/host/recovering_model.h"

#include <fmt/format.h>

#include <utility>

#include "engine/host/recovering_session.h"
#include "engine/host/what_is_left.h"
#include "engine/plan_here.h"

namespace berth::host {

RecoveringModel::RecoveringModel(const Engine& engine, LoadRequest request, const LoadContext& context)
    : engine_(engine, watch_, request.patience_s),
      first_(std::move(request)),
      planning_(context.planning),
      latest_(first_) {
  load_or_recover(
      *watch_, first_.keys, first_.max_recoveries, [&] { set_current(engine_.load(first_, context)); },
      [&](const EngineLost& problem) {
        const auto what = recover(nullptr, problem, context.stop, context.log).what;
        if (context.log) context.log(LogLevel::warning, what);
      });
}

const LoadedModelInfo& RecoveringModel::info() const {
  const std::lock_guard lock(mutex_);
  return infos_.back();
}

const ContextSpec& RecoveringModel::context() const {
  const std::lock_guard lock(mutex_);
  return contexts_.back();
}

RecoveringModel::Loaded RecoveringModel::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void RecoveringModel::set_current(Loaded model) const {
  const std::lock_guard lock(mutex_);
  infos_.push_back(model->info());
  contexts_.push_back(model->context());
  current_ = std::move(model);
}

/// By a plan of Berth's own: what was asked for cannot be had.
RecoveringModel::Loaded RecoveringModel::load_elsewhere(const std::set<std::string>& silent,
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
  const auto planned = load_accepted(engine_, *context.profile, request, std::move(accepted), context, tell);
  latest_ = LoadRequest::of(planned.plan, first_.model);
  return planned.model;
}

Recovery RecoveringModel::recover(const Loaded& lost, const EngineLost& why, const std::stop_token& stop,
                                  const LogCallback& log) const {
  const std::lock_guard one_at_a_time(recovering_);
  if (current() != lost) return {last_recovery_, false};
  const LoadContext context{.stop = stop, .log = log};
  const WaysOn ways{.again = [&] { set_current(engine_.load(latest_, context)); },
                    .elsewhere = [&](const auto& silent) { set_current(load_elsewhere(silent, context)); }};
  const auto what = host::recover(*watch_, latest_.keys, why, first_.max_recoveries, ways);
  last_recovery_ = fmt::format("{}; going on on {}", what, info().where());
  return {last_recovery_, true};
}

template <class Work>
auto RecoveringModel::ask(Work work) const {
  for (int tries = 1;; ++tries) {
    const auto model = current();
    try {
      return work(*model);
    } catch (const EngineLost& problem) {
      if (tries > first_.max_recoveries) throw;
      if (auto [what, is_new] = recover(model, problem, {}, {}); is_new) untold_.add(std::move(what));
    }
  }
}

Prompt RecoveringModel::apply_chat_template(const std::vector<ChatMessage>& messages,
                                            const ChatTemplateOptions& options) const {
  return ask([&](const LoadedModel& model) { return model.apply_chat_template(messages, options); });
}

std::size_t RecoveringModel::count_tokens(const Prompt& prompt) const {
  return ask([&](const LoadedModel& model) { return model.count_tokens(prompt); });
}

std::vector<DeviceUse> RecoveringModel::memory() const {
  return ask([](const LoadedModel& model) { return model.memory(); });
}

std::vector<PlacedTensor> RecoveringModel::tensors() const {
  return ask([](const LoadedModel& model) { return model.tensors(); });
}

std::unique_ptr<Session> RecoveringModel::new_session(const SessionOptions& options) const {
  auto first = ask([&](const LoadedModel& model) { return model.new_session(options); });
  return std::make_unique<RecoveringSession>(shared_from_this(), options, std::move(first));
}

}  // namespace berth::host
