#include <algorithm>

#include "berth/inventory.h"
#include "berth/resolve.h"
#include "engine/engine_probes.h"
#include "engine/simulated_here.h"

namespace berth {
namespace {

bool is_cpu(const Device& device) { return device.type() == DeviceType::cpu; }

/// Whether the request means the CPU on a machine whose engines use nothing else.
bool needs_no_driver(const ResolveRequest& request) {
  if (std::holds_alternative<std::monostate>(request)) return true;
  const auto* given = std::get_if<ComponentDevice>(&request);
  if (given == nullptr) return false;
  if (const Device* single = given->single()) return is_cpu(*single);
  return std::ranges::all_of(*given->multiple(), [](const auto& entry) { return is_cpu(entry.second); });
}

bool enters_no_driver(const discovery::Probe& engine) { return !engine.in_child; }

bool is_usable(const DeviceInfo& info) { return !info.engines.empty(); }

}  // namespace

Resolution resolve_here(const ResolveRequest& request, const std::vector<std::string>& engines) {
  auto policy = ResolvePolicy::from_environment();
  policy.engines = engines;
  if (const auto simulated = simulated_here()) return resolve(request, *simulated, policy);
  if (needs_no_driver(request) && std::ranges::all_of(engine_probes(), enters_no_driver)) {
    const auto machine = discover(DiscoverOptions::engines_only());
    const auto others = [](const DeviceInfo& info) { return is_usable(info) && !is_cpu(info.device); };
    if (std::ranges::none_of(machine.devices, others)) {
      auto resolution = resolve(
          std::holds_alternative<std::monostate>(request) ? ComponentDevice(Device::cpu()) : request, machine, policy);
      if (std::holds_alternative<std::monostate>(request))
        resolution.reasons = {
            {Device::cpu(), true, "the first of cuda, xpu, mps, cpu that an engine of this build can use"}};
      return resolution;
    }
  }
  return resolve(request, discover(), policy);
}

}  // namespace berth
