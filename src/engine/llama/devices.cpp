#include "engine/llama/devices.h"

#include <array>
#include <string_view>
#include <utility>

#include "berth/convert.h"
#include "berth/error.h"
#include "berth/simulated.h"
#include "discover/host/usable.h"
#include "engine/llama/simulated_devices.h"
#include "engine/llama/worker_device.h"
#include "engine/match_device.h"

namespace berth::llama {
namespace {

/// The index in the API that the backend uses, where it is the backend's own too: Vulkan and SYCL leave devices out.
std::vector<DeviceName> apis_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> apis = {
      {{"CUDA", "cuda"}, {"ROCm", "hip"}, {"MTL", "metal"}}};
  for (const auto& [prefix, api] : apis)
    if (name.starts_with(prefix)) return {{std::string(api), std::string(name.substr(prefix.size()))}};
  return {};
}

}  // namespace

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

}  // namespace berth::llama
