#include "engine/llama/llama_engine.h"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "berth/error.h"
#include "berth/model.h"
#include "engine/llama/backends.h"
#include "engine/llama/check_model.h"
#include "engine/llama/check_vocabulary.h"
#include "engine/llama/context_params.h"
#include "engine/llama/devices.h"
#include "engine/llama/llama_memory.h"
#include "engine/llama/llama_model.h"
#include "engine/llama/log_capture.h"
#include "engine/llama/measure.h"
#include "engine/reservation.h"
#include "plan/device_budgets.h"
#include "plan/memory/cache_types.h"
#include "plan/memory/engine_layout.h"
#include "plan/memory/stored_bytes.h"
#include "plan/placement/host_index.h"

namespace berth::llama {
namespace {

/// Those that a placement or a map names, each once.
std::vector<Device> devices_of(const LoadRequest& request) {
  std::vector<Device> devices;
  if (request.placement) {
    for (const auto& run : request.placement->layers) devices.push_back(run.device);
    devices.push_back(request.placement->input);
    devices.push_back(request.placement->output);
    for (const auto& [name, device] : request.placement->tensors) devices.push_back(device);
  } else if (const auto* single = request.device.single()) {
    devices.push_back(*single);
  } else {
    for (const auto& [name, device] : *request.device.multiple()) devices.push_back(device);
  }
  std::ranges::sort(devices);
  devices.erase(std::ranges::unique(devices).begin(), devices.end());
  return devices;
}

/// The engine's own; the CPU is left out, and disks, which the CPU reads.
NamedDevices find_devices(const std::vector<Device>& wanted, const OrderedMap<DeviceKey>& keys) {
  NamedDevices devices;
  for (const auto& device : wanted) {
    if (!plan::is_accelerator(device)) continue;
    const auto* key = keys.find(device.str());
    const auto found = find_device(device, key == nullptr ? DeviceKey() : *key);
    const auto same = std::ranges::find(devices, found.handle, &NamedDevices::value_type::second);
    if (same != devices.end())
      throw EngineError(
          "llama.cpp", device.str(),
          fmt::format("{} and {} are one piece of hardware; use one name for it", same->first.str(), device.str()));
    devices.emplace_back(device, found.handle);
  }
  return devices;
}

std::vector<DeviceUse> weights_of(const ModelProfile& profile, const Placement& placement) {
  auto uses = plan::stored_bytes(profile, placement, {.n_ctx = 1});
  for (auto& use : uses) use.cache = 0;
  return uses;
}

/// read_model() refuses what is damaged before the engine sees it.
std::shared_ptr<const ModelProfile> profile_of(const LoadRequest& request, const LoadContext& context) {
  if (!context.profile) return std::make_shared<const ModelProfile>(read_model(request.model));
  if (context.profile->path != request.model)
    throw std::invalid_argument(fmt::format("The profile that was given is of '{}', not of '{}', which is to be loaded",
                                            context.profile->path.string(), request.model.string()));
  return context.profile;
}

}  // namespace

std::string LlamaEngine::version() const { return BERTH_LLAMA_CPP_VERSION; }

std::vector<DeviceInfo> LlamaEngine::devices() const { return infos_of(list_devices(Backends::all)); }

std::vector<DeviceInfo> devices_without_drivers() { return infos_of(list_devices(Backends::without_drivers)); }

bool LlamaEngine::uses_workers() const {
  start_backends(Backends::without_drivers);
  return ggml_backend_reg_by_name("RPC") != nullptr;
}

Measurement LlamaEngine::measure(const Device& device, const DeviceKey& key, std::chrono::milliseconds budget) const {
  if (device.type() == DeviceType::rpc)
    throw EngineError(name(), device.str(), "a worker elsewhere is not measured by its engine");
  const auto found = find_device(device, key);
  return measure_device(found.handle, info_of(found), budget);
}

MemoryUse LlamaEngine::memory(const std::filesystem::path& model, const Placement& placement,
                              const ContextSpec& context, const OrderedMap<DeviceKey>& keys) const {
  (void)context_params(context);  // refuses what cannot be before anything is read
  const auto profile = read_model(model);
  check_profile(profile, placement.output);
  check_vocabulary(profile, placement.output);
  plan::check_cache_types(profile, context);
  start_backends(Backends::without_drivers);
  const auto devices = find_devices(plan::engine_layout(profile, placement, context, {}).devices, keys);
  const HoldBackends hold;
  return exact_memory(model, profile, placement, context, generation_options(context), devices);
}

std::shared_ptr<const LoadedModel> LlamaEngine::load(const LoadRequest& request, const LoadContext& context) const {
  return load_model(request, context, check_generates);
}

std::shared_ptr<const LlamaModel> load_model(const LoadRequest& request, const LoadContext& context,
                                             CheckUse check_use) {
  const auto started = std::chrono::steady_clock::now();
  if (request.context) (void)context_params(*request.context);  // refuses what cannot be before anything is read
  start_backends(Backends::without_drivers);
  const auto named = find_devices(devices_of(request), request.keys);
  const auto profile = profile_of(request, context);
  const auto placement =
      request.placement ? plan::without_host_index(*request.placement) : placement_of(*profile, request.device);
  check_profile(*profile, placement.output);
  check_use(*profile, placement.output);
  check_vocabulary(*profile, placement.output);
  check_layers(*profile, placement);
  plan::check_cache_types(*profile, request.context.value_or(ContextSpec()));
  const auto layout = plan::engine_layout(*profile, placement, request.context.value_or(ContextSpec()), {});
  NamedDevices devices;  // in the engine's order
  for (const auto& device : layout.devices)
    if (const auto found = std::ranges::find(named, device, &NamedDevices::value_type::first); found != named.end())
      devices.push_back(*found);
  const LoadParameters parameters(layout, placement, devices);
  auto params = parameters.params();

  auto reservation = context.reservation;
  if (!reservation) reservation = std::make_shared<Reservation>(request.model, weights_of(*profile, placement));

  bool cancelled = false;
  auto progress = [&](float part) {
    if (context.stop.stop_requested() || (context.progress && !context.progress(part))) cancelled = true;
    return !cancelled;
  };
  params.progress_callback_user_data = &progress;
  params.progress_callback = [](float part, void* user_data) {
    return (*static_cast<decltype(progress)*>(user_data))(part);
  };

  LogCapture log(context.log);
  const HoldBackends hold;
  ModelHandle model(llama_model_load_from_file(request.model.c_str(), params));
  if (cancelled) throw Cancelled("Loading '" + request.model.string() + "' was cancelled");
  if (!model)
    throw EngineError("llama.cpp", placement.output.str(),
                      fmt::format("cannot load '{}': {}", request.model.string(), log.errors("no reason was given")));

  LoadedModelInfo info;
  info.path = request.model;
  info.architecture = profile->architecture;
  info.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  info.keys = request.keys;
  auto kept = request.context;
  if (kept) kept = plan::engine_context(*profile, *kept);
  const auto loaded =
      std::make_shared<LlamaModel>(std::move(model), std::move(info), kept, std::move(devices), std::move(reservation));
  loaded->read_placement(*profile, placement, layout);
  for (const auto& note : loaded->info().notes)
    if (context.log) context.log(LogLevel::warning, note);
  return loaded;
}

}  // namespace berth::llama
