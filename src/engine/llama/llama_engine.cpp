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
#include "engine/llama/context_params.h"
#include "engine/llama/llama_memory.h"
#include "engine/llama/llama_model.h"
#include "engine/llama/log_capture.h"
#include "engine/llama/measure.h"
#include "engine/llama/simulated_devices.h"
#include "engine/llama/worker_device.h"
#include "engine/match_device.h"
#include "plan/engine_layout.h"

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

/// Refuses what would end the whole process by an assertion inside llama.cpp (LLAMA_MAX_LAYERS).
void check_profile(const ModelProfile& profile, const Device& device) {
  if (profile.format != "gguf") {
    throw EngineError(
        "llama.cpp", device.str(),
        fmt::format(
            "'{}' is a model in {}, and GGUF files can be run. Get its GGUF edition{}", profile.path.string(),
            profile.format,
            profile.format == "safetensors" ? ", or convert its folder with llama.cpp's convert_hf_to_gguf.py" : ""));
  }
  constexpr std::uint64_t max_layers = 512;
  const auto layers = profile.block_count.value_or(1);
  if (layers == 0 || layers > max_layers)
    throw EngineError(
        "llama.cpp", device.str(),
        fmt::format("'{}' says that it has {} layers; 1 to {} can be run", profile.path.string(), layers, max_layers));
}

/// The one device that `request` names; an absent id is the first of its type.
Device single_device(const ComponentDevice& request) {
  if (const Device* device = request.single()) return *device;
  const DeviceMap& map = *request.multiple();
  const auto first = map.first_device();
  if (!first) throw EngineError("llama.cpp", "", "the device map is empty; name at least one device");
  for (const auto& [name, device] : map)
    if (device != *first)
      throw EngineError("llama.cpp", request.str(),
                        fmt::format("a device map over several devices cannot be run yet ('{}' is on {}, the first "
                                    "entry on {}); give one device",
                                    name, device.str(), first->str()));
  return *first;
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

DeviceKey key_of(const LoadRequest& request, const Device& device) {
  const auto* key = request.keys.find(device.str());
  return key == nullptr ? DeviceKey() : *key;
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
  NamedDevices devices;
  const auto layout = plan::engine_layout(profile, placement, context, {});
  for (const auto& device : layout.devices) {
    if (device.type() == DeviceType::cpu) continue;
    const auto* key = keys.find(device.str());
    devices.emplace_back(device, find_device(device, key == nullptr ? DeviceKey() : *key).handle);
  }
  const HoldBackends hold;
  return exact_memory(model, profile, placement, context, generation_options(context), devices);
}

std::shared_ptr<const LoadedModel> LlamaEngine::load(const LoadRequest& request, const LoadContext& context) const {
  const auto started = std::chrono::steady_clock::now();
  if (request.context) (void)context_params(*request.context);  // refuses what cannot be before anything is read
  const auto device = single_device(request.device);
  const auto key = key_of(request, device);
  const auto found = find_device(device, key);
  const auto profile = profile_of(request, context);
  check_profile(*profile, found.device);

  ggml_backend_dev_t accelerators[] = {found.handle, nullptr};
  auto params = llama_model_default_params();
  if (found.device.type() == DeviceType::cpu) {
    accelerators[0] = nullptr;
    params.n_gpu_layers = 0;
  } else {
    params.n_gpu_layers = -1;  // all layers
    params.split_mode = LLAMA_SPLIT_MODE_NONE;
  }
  params.devices = accelerators;

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
    throw EngineError(name(), found.device.str(),
                      fmt::format("cannot load '{}': {}", request.model.string(), log.errors("no reason was given")));
  if (llama_model_has_encoder(model.get()))
    throw EngineError(name(), found.device.str(),
                      fmt::format("'{}' is an encoder-decoder model ({}), which cannot be run yet",
                                  request.model.string(), profile->architecture));

  LoadedModelInfo info;
  info.path = request.model;
  info.architecture = profile->architecture;
  info.device = found.device;
  info.key = key;
  info.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  return std::make_shared<LlamaModel>(std::move(model), std::move(info), request.context);
}

}  // namespace berth::llama
