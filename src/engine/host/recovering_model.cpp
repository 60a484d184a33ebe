#include "engine/host/recovering_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "berth/measure.h"
#include "berth/simulated.h"
#include "engine/host/recovering_session.h"
#include "engine/host/what_is_left.h"
#include "engine/plan_here.h"
#include "engine/simulated_here.h"

namespace berth::host {
namespace {

/// "rpc:0 (10.0.0.5:50052)", or the engine where all workers are there.
std::string names_of(const std::set<std::string>& silent, const LoadRequest& request) {
  std::string names;
  for (const auto& [name, key] : request.keys)
    if (silent.contains(key.endpoint)) names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", name, key.endpoint);
  return names.empty() ? "the engine" : names;
}

}  // namespace

RecoveringModel::RecoveringModel(const Engine& engine, LoadRequest request, const LoadContext& context)
    : engine_(engine, watch_, request.patience_s),
      first_(std::move(request)),
      planning_(context.planning),
      latest_(first_) {
  try {
    set_current(engine_.load(first_, context));
  } catch (const EngineLost& problem) {
    if (first_.max_recoveries == 0) throw;
    const auto what = recover(nullptr, problem, context.stop, context.log);
    if (context.log) context.log(LogLevel::warning, what);
  }
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

RecoveringModel::Loaded RecoveringModel::load_again(const LoadContext& context) const {
  return engine_.load(latest_, context);
}

/// This machine as it is now, with the workers that are known and greet.
Inventory RecoveringModel::what_is_left(const std::set<std::string>& silent) const {
  const auto is_of_simulated = [](const auto& each) { return is_simulated(each.second); };
  if (auto machine = simulated_here(); machine && std::ranges::any_of(first_.keys, is_of_simulated)) return *machine;
  auto options = DiscoverOptions::from_environment();
  const auto of_model = endpoints_of(first_);
  options.rpc_endpoints.insert(options.rpc_endpoints.end(), of_model.begin(), of_model.end());
  std::erase_if(options.rpc_endpoints, [&](const auto& endpoint) { return silent.contains(endpoint); });
  return with_kept_speeds(discover(options));
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
    auto left = what_is_left(silent);
    if (planning_) request = request_for(*planning_, left, tell);
    if (first_.context) {
      request.context = *first_.context;
      request.min_context.reset();
    }
    return left;
  });
  accepted.look = [&] { return what_is_left(silent); };
  const auto planned = load_accepted(engine_, *context.profile, request, std::move(accepted), context, tell);
  latest_ = LoadRequest::of(planned.plan, first_.model);
  return planned.model;
}

std::string RecoveringModel::recover(const Loaded& lost, const EngineLost& why, const std::stop_token& stop,
                                     const LogCallback& log) const {
  const std::lock_guard one_at_a_time(recovering_);
  if (current() != lost) return {};
  const LoadContext context{.stop = stop, .log = log};
  for (int tries = 1;; ++tries) try {
      const auto silent = watch_->silent(endpoints_of(latest_));
      const auto names = names_of(silent, latest_);
      set_current(silent.empty() && tries == 1 ? load_again(context) : load_elsewhere(silent, context));
      return fmt::format("{} was lost: {}; going on on {}", names, why.cause(), info().where());
    } catch (const ModelDoesNotFit& problem) {
      throw EngineLost(why.engine(), why.device(),
                       fmt::format("{}; nothing else can go on: {}", why.cause(), problem.what()));
    } catch (const EngineError& problem) {
      if (tries < first_.max_recoveries) continue;
      throw EngineLost(why.engine(), why.device(),
                       fmt::format("{}; loading anew failed: {}", why.cause(), problem.cause()));
    }
}

template <class Work>
auto RecoveringModel::ask(Work work) const {
  for (int tries = 1;; ++tries) {
    const auto model = current();
    try {
      return work(*model);
    } catch (const EngineLost& problem) {
      if (tries > first_.max_recoveries) throw;
      recover(model, problem, {}, {});
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
