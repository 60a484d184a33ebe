#include "engine/llama/llama_engine.h"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "berth/convert.h"
#include "berth/error.h"
#include "berth/model.h"
#include "berth/simulated.h"
#include "discover/host/usable.h"
#include "engine/llama/backends.h"
#include "engine/llama/check_model.h"
#include "engine/llama/context_params.h"
#include "engine/llama/llama_memory.h"
#include "engine/llama/llama_model.h"
#include "engine/llama/log_capture.h"
#include "engine/llama/measure.h"
#include "engine/llama/simulated_devices.h"
#include "engine/llama/worker_device.h"
#include "engine/match_device.h"
#include "engine/reservation.h"
#include "plan/engine_layout.h"
#include "plan/stored_bytes.h"

namespace berth::llama {
namespace {

struct EngineDevice {
  ggml_backend_dev_t handle;
  Device device;
};

std::vector<EngineDevice> list_devices(Backends wanted) {
  start_backends(wanted);
  const HoldBackends hold;
  std::vector<EngineDevice> found;
  for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i) {
    const auto handle = ggml_backend_dev_get(i);
    // Without one it is no compute device of its own, such as BLAS.
    if (const auto device = from_ggml(ggml_backend_dev_name(handle))) found.push_back({handle, *device});
  }
  return found;
}

/// The index in the API that the backend uses, where it is the backend's own too: Vulkan and SYCL leave devices out.
std::vector<DeviceName> apis_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> apis = {
      {{"CUDA", "cuda"}, {"ROCm", "hip"}, {"MTL", "metal"}}};
  for (const auto& [prefix, api] : apis)
    if (name.starts_with(prefix)) return {{std::string(api), std::string(name.substr(prefix.size()))}};
  return {};
}

/// Makes a context on a GPU, which costs hundreds of MiB of its memory until the process ends.
DeviceInfo info_of(const EngineDevice& found) {
  ggml_backend_dev_props props{};
  ggml_backend_dev_get_props(found.handle, &props);
  DeviceInfo info{.device = found.device,
                  .name = props.description,
                  .engines = {{"llama.cpp", ggml_backend_dev_name(found.handle)}},
                  .apis = apis_of(ggml_backend_dev_name(found.handle))};
  info.total_bytes = props.memory_total;
  info.free_bytes = props.memory_free;
  info.integrated = props.type == GGML_BACKEND_DEVICE_TYPE_IGPU;
  if (props.device_id != nullptr) info.pci_id = props.device_id;
  // ggml calls all memory of the host free.
  if (found.device.type() == DeviceType::cpu) {
    const auto available = available_memory_bytes();
    if (available != 0) info.free_bytes = available;
  }
  return info;
}

std::vector<DeviceInfo> infos_of(const std::vector<EngineDevice>& devices) {
  std::vector<DeviceInfo> infos;
  for (const auto& each : devices) infos.push_back(info_of(each));
  return infos;
}

/// ggml's device that is `key`, under the name that the caller has for it.
EngineDevice find_device(const Device& wanted, const DeviceKey& key) {
  if (is_simulated(key)) return {simulated_device(wanted, key), wanted};
  if (!key.endpoint.empty()) {
    start_backends(Backends::without_drivers);
    return {worker_device(wanted, key), wanted};
  }
  // The CPU can be used where the driver of a GPU hangs.
  const auto all = list_devices(wanted.type() == DeviceType::cpu ? Backends::without_drivers : Backends::all);
  const auto name = name_in("llama.cpp", key);
  // A device that is known by its name needs no look at the others, which would make a context on each.
  const bool by_address = name.empty() && key.engines.empty() && !(key.pci_id.empty() && key.uuid.empty());
  std::vector<DeviceInfo> infos;
  for (const auto& each : all)
    if (by_address || name == ggml_backend_dev_name(each.handle))
      infos.push_back(info_of(each));
    else
      infos.push_back({.device = each.device, .engines = {{"llama.cpp", ggml_backend_dev_name(each.handle)}}});
  try {
    return {all[match_device("llama.cpp", wanted, key, infos)].handle, wanted};
  } catch (const EngineError& problem) {
    auto cause = problem.cause();
    for (const auto& note : backend_problems()) cause += "; " + note;
    throw EngineError(problem.engine(), problem.device(), cause);
  }
}

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
    if (device.type() == DeviceType::cpu || device.type() == DeviceType::disk) continue;
    const auto* key = keys.find(device.str());
    const auto found = find_device(device, key == nullptr ? DeviceKey() : *key);
    const auto same = std::ranges::find(devices, found.handle, &NamedDevices::value_type::second);
    if (same != devices.end())
      throw EngineError("llama.cpp", device.str(),
                        fmt::format("{} and {} are one piece of hardware; use one name for it", same->first.str(),
                                    device.str()));
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
  start_backends(Backends::without_drivers);
  const auto devices = find_devices(plan::engine_layout(profile, placement, context, {}).devices, keys);
  const HoldBackends hold;
  return exact_memory(model, profile, placement, context, generation_options(context), devices);
}

std::shared_ptr<const LoadedModel> LlamaEngine::load(const LoadRequest& request, const LoadContext& context) const {
  const auto started = std::chrono::steady_clock::now();
  if (request.context) (void)context_params(*request.context);  // refuses what cannot be before anything is read
  start_backends(Backends::without_drivers);
  const auto named = find_devices(devices_of(request), request.keys);
  const auto profile = profile_of(request, context);
  const auto placement = request.placement ? *request.placement : placement_of(*profile, request.device);
  check_profile(*profile, placement.output);
  check_generates(*profile, placement.output);
  check_layers(*profile, placement);
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
    throw EngineError(name(), placement.output.str(),
                      fmt::format("cannot load '{}': {}", request.model.string(), log.errors("no reason was given")));

  LoadedModelInfo info;
  info.path = request.model;
  info.architecture = profile->architecture;
  info.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  info.keys = request.keys;
  const auto loaded = std::make_shared<LlamaModel>(std::move(model), std::move(info), request.context,
                                                   std::move(devices), std::move(reservation));
  loaded->read_placement(*profile, placement, layout);
  for (const auto& note : loaded->info().notes)
    if (context.log) context.log(LogLevel::warning, note);
  return loaded;
}

}  // namespace berth::llama
