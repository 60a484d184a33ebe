#include "engine/host/load_there.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "berth/error.h"
#include "berth/simulated.h"
#include "engine/host/failure.h"
#include "engine/reservation.h"
#include "engine/simulated_here.h"
#include "plan/plan_fields.h"

namespace berth::host {
namespace {

/// Those that hold memory already, or will.
std::vector<RunningModel> models_besides(const Reservation* mine) {
  auto models = running_models();
  if (mine != nullptr) std::erase(models, mine->model());
  return models;
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

void tell_cancel(Connection& connection) {
  try {
    connection.send(Kind::cancel);
  } catch (const std::exception&) {
  }
}

Value simulated_for(const OrderedMap<DeviceKey>& keys, const std::vector<RunningModel>& others) {
  const auto is_of_simulated = [](const auto& each) { return is_simulated(each.second); };
  if (const auto machine = simulated_here(); machine && std::ranges::any_of(keys, is_of_simulated))
    return without_reserved(*machine, others).to_dict();
  return nullptr;
}

Value load_there(HostProcess& process, Kind kind, const Value& request, const OrderedMap<DeviceKey>& keys,
                 const LoadContext& context) {
  const Value order = Value::Object{
      {"request", request},
      {"kept", structs::write(context.reservation ? context.reservation->most() : std::vector<DeviceUse>())},
      {"simulated", simulated_for(keys, models_besides(context.reservation.get()))},
      {"owner", getpid()},
      {"by_time", !process.watch().told_by_time().empty()},
      {"logs", static_cast<bool>(context.log)}};
  auto& control = process.control();
  process.send(control, kind, order.to_json());
  const std::stop_callback stop(context.stop, [&] { tell_cancel(control); });
  LoadAnswers answers(process, context);
  for (;;) {
    const auto message = process.receive(control, context.stop);
    if (message.kind == Kind::failed) throw_failure(message.body);
    auto value = process.json_of(message);
    if (message.kind == Kind::progress) answers.progress(value);
    if (message.kind == Kind::log) answers.log(value);
    if (message.kind != Kind::done) continue;
    answers.hand_over();
    answers.check();
    return value;
  }
}

}  // namespace berth::host
