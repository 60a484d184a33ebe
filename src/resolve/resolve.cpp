#include "berth/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <set>
#include <stdexcept>
#include <tuple>

#include "berth/error.h"
#include "resolve/candidates.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr std::array rule_names = {"haystack", "most_free", "fastest"};

bool enabled(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr || std::string_view(value) != "false";
}

/// Disks do not count: they compute nothing, and no component runs on one.
std::vector<const DeviceInfo*> all_but_disks(const Inventory& inventory) {
  std::vector<const DeviceInfo*> devices;
  for (const auto& info : inventory.devices)
    if (info.device.type() != DeviceType::disk) devices.push_back(&info);
  return devices;
}

/// Why a worker that was asked is none of the devices; empty for devices of other types.
std::string problems_of_workers(const Device& device, const Inventory& inventory) {
  if (device.type() != DeviceType::rpc) return {};
  std::string text;
  for (const auto& report : inventory.probes) {
    if (report.probe != "rpc") continue;
    if (!report.message.empty()) text += "; " + report.message;
    for (const auto& note : report.notes) text += "; " + note;
  }
  return text;
}

/// What the reason says of a given device beside "given"; may be empty. Throws where the machine lacks the device.
std::string look_up(const Device& device, const Inventory& inventory, const ResolvePolicy& policy,
                    const std::string& entry) {
  const auto* info = inventory.find(device);
  if (info == nullptr && device.type() == DeviceType::disk && device.id().value_or(0) == 0)
    return "the machine lists no disk";
  if (info == nullptr)
    throw DeviceNotFound(fmt::format("This machine has no device '{}'{}; it has {}{}", device.str(), entry,
                                     nearest_devices(device, inventory), problems_of_workers(device, inventory)));
  if (device.type() == DeviceType::disk) return {};
  return unusable(*info, policy, device.str());
}

Resolution resolve_given(const ComponentDevice& given, const Inventory& inventory, const ResolvePolicy& policy) {
  std::string why = "given";
  std::set<Device> seen;
  const auto look_at = [&](const Device& device, const std::string& entry) {
    if (!seen.insert(device).second) return;
    if (const auto remark = look_up(device, inventory, policy, entry); !remark.empty()) why += "; " + remark;
  };
  if (const Device* single = given.single())
    look_at(*single, "");
  else
    for (const auto& [name, device] : *given.multiple())
      look_at(device, fmt::format(" (of {} in the map)", in_quotes(name)));
  return {given, inventory.keys(given), {{given, true, std::move(why)}}};
}

/// Haystack's name for the first device of a type: the type alone, but "cuda:0" for cuda. Others keep their names.
Device haystacks_name(const Device& device) {
  if (device.id().value_or(0) != 0) return device;
  return device.type() == DeviceType::cuda ? Device::gpu() : Device(device.type());
}

std::pair<int, Device> rank(const DeviceInfo* info) { return {type_rank(info->device.type()), info->device}; }

/// Resolves as Haystack does where nothing is given: the first type of its order that is available.
Resolution resolve_nothing(const Inventory& inventory, const ResolvePolicy& policy) {
  auto devices = all_but_disks(inventory);
  std::ranges::stable_sort(devices, {}, rank);

  std::vector<ResolveReason> reasons;
  std::optional<Device> taken;
  auto next = devices.begin();
  for (const auto type : {DeviceType::cuda, DeviceType::xpu, DeviceType::mps, DeviceType::cpu}) {
    const auto before = reasons.size();
    for (; next != devices.end() && (*next)->device.type() == type; ++next) {
      const auto name = haystacks_name((*next)->device);
      auto why = unmet({}, **next, policy).why;
      if (why.empty() && taken) why = taken->str() + " comes first";
      const bool take = why.empty();
      if (take) taken = name;
      reasons.push_back({name, take, take ? "the first of cuda, xpu, mps, cpu that is available" : std::move(why)});
    }
    if (reasons.size() == before) reasons.push_back({haystacks_name(Device(type)), false, "this machine has none"});
  }
  if (!taken) {
    taken = Device::cpu();
    const auto cpu = std::ranges::find(reasons, ComponentDevice(*taken), &ResolveReason::device);
    auto why = "the last resort, though " + (cpu == reasons.end() ? "this machine has none" : cpu->why);
    if (cpu != reasons.end()) reasons.erase(cpu);
    reasons.push_back({*taken, true, std::move(why)});
  }
  for (; next != devices.end(); ++next)
    reasons.push_back({(*next)->device, false, "only used where it is asked for by name"});
  return {*taken, inventory.keys(*taken), std::move(reasons)};
}

struct Choice {
  const DeviceInfo* device;
  std::string why;
};

Choice choose(std::span<const DeviceInfo* const> candidates, const ResolvePolicy& policy) {
  if (policy.choose) return {policy.choose(candidates), "chosen by the caller"};
  const auto first = *std::ranges::min_element(candidates, {}, rank);
  switch (policy.rule) {
    case ResolveRule::haystack:
      break;
    case ResolveRule::most_free: {
      // The CPU nearly always has more memory than an accelerator, and nearly always slower memory.
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

/// The refused devices, the nearest first, each with what it lacks.
std::string nearest_of(std::vector<std::pair<Unmet, const DeviceInfo*>> refused) {
  const auto distance = [](const auto& each) {
    const auto& [unmet, info] = each;
    return std::tuple(-unmet.met, std::numeric_limits<std::uint64_t>::max() - info->free_bytes, info->device);
  };
  std::ranges::stable_sort(refused, {}, distance);
  std::vector<std::string> texts;
  for (const auto& [unmet, info] : refused) texts.push_back(fmt::format("{}: {}", info->device.str(), unmet.why));
  return "nearest is " + first_few(texts, "; ");
}

/// The engine that the user may have meant, where the wish names one that uses no device here; else empty.
std::string engine_hint(const Wish& wish, const Inventory& inventory) {
  std::vector<std::string> names;
  for (const auto& info : inventory.devices)
    for (const auto& engine : info.engines)
      if (std::ranges::find(names, engine.in) == names.end()) names.push_back(engine.in);
  const bool is_known = wish.engine.empty() || std::ranges::find(names, wish.engine) != names.end();
  return is_known || names.empty() ? "" : nearest_hint(wish.engine, names);
}

Resolution resolve_wish(const Wish& wish, const Inventory& inventory, const ResolvePolicy& policy) {
  std::vector<const DeviceInfo*> candidates;
  std::vector<ResolveReason> reasons;
  std::vector<std::pair<Unmet, const DeviceInfo*>> refused;
  for (const auto* info : all_but_disks(inventory)) {
    auto missing = unmet(wish, *info, policy);
    if (missing.why.empty()) {
      candidates.push_back(info);
      continue;
    }
    reasons.push_back({info->device, false, missing.why});
    refused.emplace_back(std::move(missing), info);
  }
  const auto fail = [&](std::string_view what, std::string_view without_others) {
    throw DeviceNotFound(fmt::format("{} '{}'; {}{}", what, printable(wish.str()),
                                     refused.empty() ? without_others : nearest_of(std::move(refused)),
                                     engine_hint(wish, inventory)));
  };
  if (candidates.empty()) fail("No device of this machine meets the wish", "it has none");
  const auto [taken, why] = choose(candidates, policy);
  if (taken == nullptr) fail("The caller took none of the devices that meet the wish", "there is no other device");
  if (std::ranges::find(candidates, taken) == candidates.end())
    throw std::invalid_argument("The policy chose a device that is none of the candidates it was given");
  for (const auto* each : candidates)
    reasons.push_back({each->device, each == taken, each == taken ? why : taken->device.str() + " is preferred"});
  std::ranges::stable_sort(reasons, {}, [](const ResolveReason& reason) { return *reason.device.single(); });
  return {taken->device, inventory.keys(taken->device), std::move(reasons)};
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

Resolution resolve(const ResolveRequest& request, const Inventory& inventory, const ResolvePolicy& policy) {
  if (const auto* given = std::get_if<ComponentDevice>(&request)) return resolve_given(*given, inventory, policy);
  if (const auto* wish = std::get_if<Wish>(&request)) return resolve_wish(*wish, inventory, policy);
  if (policy.rule == ResolveRule::haystack && !policy.choose) return resolve_nothing(inventory, policy);
  return resolve_wish({}, inventory, policy);
}

}  // namespace berth
