#include "engine/host/host_model.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "berth/error.h"
#include "berth/simulated.h"
#include "engine/host/failure.h"
#include "engine/host/host_session.h"
#include "engine/host/model_fields.h"
#include "engine/reservation.h"
#include "engine/simulated_here.h"

namespace berth::host {
namespace {

std::string devices_text(const LoadRequest& request) {
  if (request.placement) return request.placement->output.str();
  if (const auto* single = request.device.single()) return single->str();
  return "";
}

/// A wish to stop, and a progress that is refused, end the load over there.
class LoadAnswers {
 public:
  LoadAnswers(HostProcess& process, const LoadContext& context) : process_(process), context_(context) {}

  /// The process over there keeps the memory from here on.
  void hand_over() {
    if (reservation_) reservation_->release();
    reservation_ = nullptr;
  }

  void progress(const Value& part) {
    hand_over();
    if (refused_ || !context_.progress || context_.progress(static_cast<float>(part.as_double()))) return;
    refused_ = true;
    process_.send(process_.control(), Kind::cancel);
  }

  /// The model may be loaded before the process over there hears of it. Throws Cancelled.
  void check() const {
    if (refused_ || context_.stop.stop_requested()) throw Cancelled("Loading in a process of its own was cancelled");
  }

  void log(const Value& message) const {
    const Value* level = message.find("level");
    const Value* text = message.find("text");
    if (context_.log && level != nullptr && text != nullptr)
      context_.log(static_cast<LogLevel>(level->as_int()), text->as_string());
  }

 private:
  HostProcess& process_;
  const LoadContext& context_;
  std::shared_ptr<Reservation> reservation_ = context_.reservation;
  bool refused_ = false;
};

}  // namespace

HostModel::HostModel(std::string_view engine, const LoadRequest& request, const LoadContext& context,
                     const std::shared_ptr<WorkerWatch>& watch)
    : process_({std::string(engine), devices_text(request)}, std::chrono::seconds(request.patience_s), watch) {
  watch->expect(endpoints_of(request));
  load(request, context);
}

void HostModel::load(LoadRequest request, const LoadContext& context) {
  const auto started = std::chrono::steady_clock::now();
  request.isolation = Isolation::none;
  Value::Object order = {
      {"request", request.to_dict()},
      {"kept", structs::write(context.reservation ? context.reservation->most() : std::vector<DeviceUse>())},
      {"simulated", nullptr},
      {"logs", static_cast<bool>(context.log)}};
  const auto is_of_simulated = [](const auto& each) { return is_simulated(each.second); };
  if (const auto machine = simulated_here(); machine && std::ranges::any_of(request.keys, is_of_simulated))
    order.set("simulated", machine->to_dict());
  auto& control = process_.control();
  process_.send(control, Kind::load, Value(std::move(order)).to_json());
  const std::stop_callback stop(context.stop, [&] { tell_cancel(control); });
  LoadAnswers answers(process_, context);
  for (;;) {
    const auto message = process_.receive(control, context.stop);
    const auto value = process_.json_of(message);
    if (message.kind == Kind::failed) throw_failure(message.body);
    if (message.kind == Kind::progress) answers.progress(value);
    if (message.kind == Kind::log) answers.log(value);
    if (message.kind != Kind::done) continue;
    answers.hand_over();
    answers.check();
    const Value* info = value.find("info");
    const Value* spec = value.find("context");
    if (info == nullptr || spec == nullptr) process_.lose("it told nothing of the model");
    info_ = structs::read<LoadedModelInfo>(*info, {});
    context_ = ContextSpec::from_dict(*spec);
    break;
  }
  info_.host_pid = process_.pid();
  info_.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

Value HostModel::ask(Kind kind, const Value& what) const {
  const std::lock_guard lock(asking_);
  process_.send(process_.control(), kind, what.to_json());
  const auto answer = process_.receive(process_.control());
  if (answer.kind == Kind::failed) throw_failure(answer.body);
  if (answer.kind != Kind::done) process_.lose("it answered what it was not asked for");
  return process_.json_of(answer);
}

Prompt HostModel::apply_chat_template(const std::vector<ChatMessage>& messages,
                                      const ChatTemplateOptions& options) const {
  Value source;
  if (options.chat_template) source = *options.chat_template;
  return structs::read<Prompt>(ask(Kind::apply_chat_template, Value::Object{{"messages", structs::write(messages)},
                                                                            {"chat_template", std::move(source)},
                                                                            {"variables", options.variables}}),
                               {});
}

std::size_t HostModel::count_tokens(const Prompt& prompt) const {
  return static_cast<std::size_t>(ask(Kind::count_tokens, structs::write(prompt)).as_int());
}

std::vector<DeviceUse> HostModel::memory() const {
  return structs::read<std::vector<DeviceUse>>(ask(Kind::memory, {}), {});
}

std::vector<PlacedTensor> HostModel::tensors() const {
  return structs::read<std::vector<PlacedTensor>>(ask(Kind::tensors, {}), {});
}

std::unique_ptr<Session> HostModel::new_session(const SessionOptions& options) const {
  return std::make_unique<HostSession>(shared_from_this(), options);
}

}  // namespace berth::host
