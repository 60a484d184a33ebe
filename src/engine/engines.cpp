#include <algorithm>
#include <array>
#include <stdexcept>

#include "berth/engine.h"
#include "discover/cpu.h"
#ifdef BERTH_WITH_LLAMA
#include "engine/llama/llama_engine.h"
#endif

namespace berth {

std::span<const Engine* const> engines() {
#ifdef BERTH_WITH_LLAMA
  static const llama::LlamaEngine llama_engine;
  static const std::array<const Engine*, 1> all = {&llama_engine};
#else
  static const std::array<const Engine*, 0> all = {};
#endif
  return all;
}

const Engine& engine(std::string_view name) {
  std::string names;
  for (const Engine* candidate : engines()) {
    if (candidate->name() == name) return *candidate;
    names += (names.empty() ? "" : ", ") + std::string(candidate->name());
  }
  throw std::invalid_argument("No engine is named '" + std::string(name) +
                              "'; this build has: " + (names.empty() ? "none" : names));
}

std::vector<DeviceInfo> discover_devices() {
  std::vector<DeviceInfo> found;
  for (const Engine* each : engines())
    for (auto& info : each->devices())
      if (std::ranges::find(found, info.device, &DeviceInfo::device) == found.end()) found.push_back(std::move(info));
  if (std::ranges::find(found, Device::cpu(), &DeviceInfo::device) == found.end())
    found.insert(found.begin(), {.device = Device::cpu(),
                                 .name = "CPU",
                                 .total_bytes = discovery::total_memory_bytes(),
                                 .free_bytes = discovery::available_memory_bytes()});
  return found;
}

std::vector<Device> available_devices() {
  std::vector<Device> devices;
  for (const auto& info : discover_devices()) devices.push_back(info.device);
  return devices;
}

}  // namespace berth
