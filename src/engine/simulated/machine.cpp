#include "engine/simulated/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace berth::simulated {
namespace {

std::string_view name_in_ggml(const DeviceInfo& info) {
  const auto found = std::ranges::find(info.engines, "llama.cpp", &DeviceName::in);
  return found == info.engines.end() ? std::string_view() : found->name;
}

bool is_cpu(std::string_view end) { return end == "cpu" || end.starts_with("cpu:") || end.starts_with("numa:"); }

/// The way between the CPU and `device`.
const Link* link_of(const Inventory& inventory, const std::string& device) {
  const auto found = std::ranges::find_if(inventory.links, [&](const Link& link) {
    return (link.from == device && is_cpu(link.to)) || (link.to == device && is_cpu(link.from));
  });
  return found == inventory.links.end() ? nullptr : &*found;
}

const char* registry_name(ggml_backend_reg_t /*reg*/) { return "Simulated"; }

Machine& machine_of(ggml_backend_reg_t reg) { return *static_cast<Machine*>(reg->context); }

std::size_t device_count(ggml_backend_reg_t reg) { return machine_of(reg).devices().size(); }

ggml_backend_dev_t device_at(ggml_backend_reg_t reg, std::size_t index) {
  const auto& devices = machine_of(reg).devices();
  return index < devices.size() ? devices[index]->handle() : nullptr;
}

void* function_of(ggml_backend_reg_t /*reg*/, const char* name) {
  const std::string_view wanted = name;
  if (wanted == "ggml_backend_set_n_threads") return reinterpret_cast<void*>(set_n_threads);
  if (wanted == "ggml_backend_set_abort_callback") return reinterpret_cast<void*>(set_abort_callback);
  return nullptr;
}

}  // namespace

std::vector<DeviceSpec> device_specs(const Inventory& inventory) {
  std::vector<DeviceSpec> specs;
  for (const auto& info : inventory.devices) {
    const auto name = name_in_ggml(info);
    if (info.device.type() == DeviceType::cpu || name.empty()) continue;
    DeviceSpec spec{.device = info.device,
                    .name = std::string(name),
                    .description = info.name,
                    .pool = info.pool,
                    .total_bytes = info.total_bytes,
                    .free_bytes = info.free_bytes,
                    .integrated = info.integrated};
    if (info.speed) spec.memory_bytes_per_s = info.speed->memory_bytes_per_s;
    if (const auto* link = link_of(inventory, info.device.str())) {
      spec.link_bytes_per_s = link->bytes_per_s;
      spec.latency_s = link->latency_us.value_or(0) * 1e-6;
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

Machine::Machine(std::vector<DeviceSpec> specs, ggml_backend_dev_t cpu)
    : specs_(std::move(specs)),
      reg_{ggml_backend_api_version, {registry_name, device_count, device_at, function_of}, this} {
  // The version stands first in each version of the registry.
  if (const auto* reg = cpu->reg; reg->api_version != ggml_backend_api_version)
    throw std::runtime_error(fmt::format("simulated devices know version {} of ggml's backends, and this ggml has {}",
                                         ggml_backend_api_version, reg->api_version));
  std::map<std::string, std::shared_ptr<Memory>> pools;
  for (const auto& spec : specs_) {
    auto& memory = pools[spec.pool];
    if (!memory) memory = std::make_shared<Memory>(spec.total_bytes, spec.free_bytes);
    devices_.push_back(std::make_unique<SimulatedDevice>(spec, memory, cpu, &reg_));
  }
}

}  // namespace berth::simulated
