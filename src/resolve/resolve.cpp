#include "berth/resolve.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace berth {
namespace {

bool enabled(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr || std::string_view(value) != "false";
}

/// Haystack's order.
constexpr std::array candidates = {DeviceType::cuda, DeviceType::xpu, DeviceType::mps, DeviceType::cpu};

/// What Haystack calls the default device of a type.
Device default_device(DeviceType type) { return type == DeviceType::cuda ? Device::gpu() : Device(type); }

std::string_view variable_that_leaves_out(DeviceType type, const ResolvePolicy& policy) {
  if (type == DeviceType::xpu && !policy.xpu_enabled) return "HAYSTACK_XPU_ENABLED";
  if (type == DeviceType::mps && !policy.mps_enabled) return "HAYSTACK_MPS_ENABLED";
  return {};
}

}  // namespace

ResolvePolicy ResolvePolicy::from_environment() {
  return {.mps_enabled = enabled("HAYSTACK_MPS_ENABLED"), .xpu_enabled = enabled("HAYSTACK_XPU_ENABLED")};
}

std::string Resolution::str() const {
  std::string text;
  for (const auto& reason : reasons) {
    if (!text.empty()) text += '\n';
    text += reason.device.str() + (reason.taken ? ": taken, " : ": not taken, ") + reason.why;
  }
  return text;
}

Resolution resolve(const std::optional<ComponentDevice>& request, std::span<const Device> available,
                   const ResolvePolicy& policy) {
  if (request) return {*request, {{*request, true, "given"}}};

  std::optional<Device> taken;
  std::vector<ResolveReason> reasons;
  const auto is_available = [&](DeviceType wanted) {
    return wanted == DeviceType::cpu || std::ranges::find(available, wanted, &Device::type) != available.end();
  };
  for (const DeviceType type : candidates) {
    const Device candidate = default_device(type);
    const auto variable = variable_that_leaves_out(type, policy);
    std::string why;
    if (!is_available(type)) {
      why = "this machine has none, or no engine of this build can use it";
    } else if (!variable.empty()) {
      why = "left out by " + std::string(variable) + "=false";
    } else if (taken) {
      why = taken->str() + " comes first";
    } else {
      why = "the first of cuda, xpu, mps, cpu that is available";
      taken = candidate;
      reasons.push_back({candidate, true, std::move(why)});
      continue;
    }
    reasons.push_back({candidate, false, std::move(why)});
  }
  for (const Device& device : available)
    if (std::ranges::find(candidates, device.type()) == candidates.end() && device.type() != DeviceType::disk)
      reasons.push_back({device, false, "only used where it is asked for by name"});
  return {*taken, std::move(reasons)};
}

}  // namespace berth
