#include "berth/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

#include "berth/error.h"
#include "resolve/candidates.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr std::array rule_names = {"haystack", "most_free", "fastest"};

bool enabled(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr || std::string_view(value) != "false";
}

/// Haystack names the type, but for cuda, whose default is cuda:0.
Device haystacks_name(DeviceType type) { return type == DeviceType::cuda ? Device::gpu() : Device(type); }

void check_exists(const Device& device, const Inventory& inventory, const std::string& entry) {
  if (device.type() == DeviceType::disk || inventory.find(device) != nullptr) return;
  throw DeviceNotFound(fmt::format("This machine has no device '{}'{}; it has {}", device.str(), entry,
                                          nearest_devices(device, inventory)));
}

Resolution resolve_given(const ComponentDevice& given, const Inventory& inventory) {
  if (const Device* single = given.single()) {
    check_exists(*single, inventory, "");
  } else {
    for (const auto& [name, device] : *given.multiple())
      check_exists(device, inventory, fmt::format(" (of {} in the map)", in_quotes(name)));
  }
  return {given, {{given, true, "given"}}};
}

/// Why no device of that type comes into question; empty where one does.
std::string why_none(DeviceType type, const Inventory& inventory, const ResolvePolicy& policy) {
  if (type == DeviceType::cpu) return {};  // Haystack's last resort, whatever there is
  std::string why = "this machine has none";
  for (const auto& info : inventory.devices)
    if (info.device.type() == type && (why = unmet({}, info, policy)).empty()) break;
  return why;
}

/// What Haystack does where nothing is given: types, not devices.
Resolution resolve_nothing(const Inventory& inventory, const ResolvePolicy& policy) {
  std::vector<ResolveReason> reasons;
  std::optional<Device> taken;
  for (const auto type : {DeviceType::cuda, DeviceType::xpu, DeviceType::mps, DeviceType::cpu}) {
    const auto candidate = haystacks_name(type);
    auto why = why_none(type, inventory, policy);
    if (why.empty() && taken) why = taken->str() + " comes first";
    const bool take = why.empty();
    if (take) taken = candidate;
    reasons.push_back({candidate, take, take ? "the first of cuda, xpu, mps, cpu that is available" : std::move(why)});
  }
  for (const auto& info : inventory.devices)
    if (type_rank(info.device.type()) > type_rank(DeviceType::cpu) && info.device.type() != DeviceType::disk)
      reasons.push_back({info.device, false, "only used where it is asked for by name"});
  return {*taken, std::move(reasons)};
}

struct Choice {
  const DeviceInfo* device;
  std::string why;
};

Choice choose(std::span<const DeviceInfo* const> candidates, const ResolvePolicy& policy) {
  if (policy.choose) return {policy.choose(candidates), "chosen by the caller"};
  const auto rank = [](const DeviceInfo* info) { return std::pair(type_rank(info->device.type()), info->device); };
  const auto first = *std::ranges::min_element(candidates, {}, rank);
  switch (policy.rule) {
    case ResolveRule::haystack:
      break;
    case ResolveRule::most_free: {
      // The memory of the CPU is nearly always the larger one, and nearly always the slower one.
      const auto free = [&](const DeviceInfo* info) {
        return std::pair(info->device.type() != DeviceType::cpu, info->free_bytes);
      };
      const auto most = *std::ranges::max_element(candidates, {}, free);
      return {most, most->device.type() == DeviceType::cpu ? "the only one that comes into question"
                                                           : "the accelerator with the most free memory"};
    }
    case ResolveRule::fastest: {
      if (std::ranges::any_of(candidates, [](const DeviceInfo* info) { return !info->speed; }))
        return {first, "the first by type, as not all are measured"};
      const auto speed = [](const DeviceInfo* info) { return info->speed->memory_bytes_per_s; };
      return {*std::ranges::max_element(candidates, {}, speed), "it reads its memory fastest"};
    }
  }
  return {first, "the first of its kind by type and index"};
}

Resolution resolve_wish(const Wish& wish, const Inventory& inventory, const ResolvePolicy& policy) {
  std::vector<const DeviceInfo*> candidates;
  std::vector<ResolveReason> reasons;
  std::string refused;
  for (const auto& info : inventory.devices) {
    if (info.device.type() == DeviceType::disk) continue;
    auto why = unmet(wish, info, policy);
    if (why.empty()) {
      candidates.push_back(&info);
      continue;
    }
    refused += fmt::format("{}{}: {}", refused.empty() ? "" : "; ", info.device.str(), why);
    reasons.push_back({info.device, false, std::move(why)});
  }
  const auto fail = [&](std::string_view what) {
    throw DeviceNotFound(
        fmt::format("{} '{}'; {}", what, printable(wish.str()), refused.empty() ? "there is no other device" : refused));
  };
  if (candidates.empty()) fail("No device of this machine meets the wish");
  const auto [taken, why] = choose(candidates, policy);
  if (taken == nullptr) fail("The caller took none of the devices that meet the wish");
  for (const auto* each : candidates)
    reasons.push_back({each->device, each == taken, each == taken ? why : taken->device.str() + " is preferred"});
  std::ranges::stable_sort(reasons, {}, [](const ResolveReason& reason) { return *reason.device.single(); });
  return {taken->device, std::move(reasons)};
}

}  // namespace

std::string_view to_string(ResolveRule rule) { return rule_names[static_cast<std::size_t>(rule)]; }

ResolveRule resolve_rule_from_str(std::string_view text) {
  const auto found = std::ranges::find(rule_names, text);
  if (found == rule_names.end())
    throw std::invalid_argument(
        fmt::format("There is no policy {}; there are haystack, most_free, fastest", in_quotes(text)));
  return static_cast<ResolveRule>(found - rule_names.begin());
}

ResolvePolicy ResolvePolicy::from_environment(ResolveRule rule) {
  return {.mps_enabled = enabled("HAYSTACK_MPS_ENABLED"), .xpu_enabled = enabled("HAYSTACK_XPU_ENABLED"), .rule = rule};
}

std::string Resolution::str() const {
  std::string text;
  for (const auto& reason : reasons) {
    if (!text.empty()) text += '\n';
    text += reason.device.str() + (reason.taken ? ": taken, " : ": not taken, ") + reason.why;
  }
  return text;
}

Resolution resolve(const ResolveRequest& request, const Inventory& inventory, const ResolvePolicy& policy) {
  if (const auto* given = std::get_if<ComponentDevice>(&request)) return resolve_given(*given, inventory);
  if (const auto* wish = std::get_if<Wish>(&request)) return resolve_wish(*wish, inventory, policy);
  if (policy.rule == ResolveRule::haystack && !policy.choose) return resolve_nothing(inventory, policy);
  return resolve_wish({}, inventory, policy);
}

}  // namespace berth
