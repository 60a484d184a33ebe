#include "engine/host/host_model.h"

#include <chrono>
#include <utility>

#include "engine/host/host_session.h"
#include "engine/host/load_there.h"
#include "engine/host/model_fields.h"

namespace berth::host {
namespace {

std::string devices_text(const LoadRequest& request) {
  if (request.placement) return request.placement->output.str();
  if (const auto* single = request.device.single()) return single->str();
  return "";
}

}  // namespace

HostModel::HostModel(std::string_view engine, const LoadRequest& request, const LoadContext& context,
                     const std::shared_ptr<WorkerWatch>& watch)
    : process_({std::string(engine), devices_text(request)}, std::chrono::seconds(request.patience_s), watch) {
  watch->expect(endpoints_of(request.keys));
  load(request, context);
}

void HostModel::load(LoadRequest request, const LoadContext& context) {
  const auto started = std::chrono::steady_clock::now();
  request.isolation = Isolation::none;
  const auto told = load_there(process_, Kind::load, request.to_dict(), request.keys, context);
  const Value* info = told.find("info");
  const Value* spec = told.find("context");
  if (info == nullptr || spec == nullptr) process_.lose("it told nothing of the model");
  info_ = structs::read<LoadedModelInfo>(*info, {});
  context_ = ContextSpec::from_dict(*spec);
  info_.host_pid = process_.pid();
  info_.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

Prompt HostModel::apply_chat_template(const std::vector<ChatMessage>& messages,
                                      const ChatTemplateOptions& options) const {
  Value source;
  if (options.chat_template) source = *options.chat_template;
  return structs::read<Prompt>(
      process_.ask(Kind::apply_chat_template, Value::Object{{"messages", structs::write(messages)},
                                                            {"chat_template", std::move(source)},
                                                            {"variables", options.variables}}),
      {});
}

std::size_t HostModel::count_tokens(const Prompt& prompt, const std::stop_token& stop) const {
  return static_cast<std::size_t>(process_.ask(Kind::count_tokens, structs::write(prompt), stop).as_int());
}

std::vector<DeviceUse> HostModel::memory() const {
  return structs::read<std::vector<DeviceUse>>(process_.ask(Kind::memory, {}), {});
}

std::vector<PlacedTensor> HostModel::tensors() const {
  return structs::read<std::vector<PlacedTensor>>(process_.ask(Kind::tensors, {}), {});
}

std::unique_ptr<Session> HostModel::new_session(const SessionOptions& options) const {
  return std::make_unique<HostSession>(shared_from_this(), options);
}

MemoryUse model_memory_there(std::string_view engine, const LoadRequest& request) {
  const auto watch = std::make_shared<WorkerWatch>();
  HostProcess process({std::string(engine), devices_text(request)}, std::chrono::seconds(request.patience_s), watch);
  watch->expect(endpoints_of(request.keys));
  return MemoryUse::from_dict(process.ask(
      Kind::model_memory, Value::Object{{"request", request.to_dict()}, {"simulated", simulated_for(request.keys)}}));
}

}  // namespace berth::host
