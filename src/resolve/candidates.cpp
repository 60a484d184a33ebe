#include "resolve/candidates.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "text/bytes.h"

namespace berth {
namespace {

/// The variable that leaves out a type; empty where none does. A wish that names the type overrules the variable.
std::string_view variable_that_leaves_out(DeviceType type, const Wish& wish, const ResolvePolicy& policy) {
  if (contains(wish.only, type) && !std::ranges::equal(wish.only, gpus)) return {};
  if (type == DeviceType::xpu && !policy.xpu_enabled) return "HAYSTACK_XPU_ENABLED";
  if (type == DeviceType::mps && !policy.mps_enabled) return "HAYSTACK_MPS_ENABLED";
  return {};
}

}  // namespace

int type_rank(DeviceType type) {
  constexpr std::array order = {DeviceType::cuda,   DeviceType::xpu, DeviceType::mps, DeviceType::cpu,
                                DeviceType::vulkan, DeviceType::npu, DeviceType::rpc, DeviceType::disk};
  return static_cast<int>(std::ranges::find(order, type) - order.begin());
}

Unmet unmet(const Wish& wish, const DeviceInfo& info, const ResolvePolicy& policy) {
  const auto type = info.device.type();
  if (!wish.only.empty() && !contains(wish.only, type)) return {0, "of another type than was asked for"};
  if (contains(wish.except, type)) return {0, fmt::format("{} is excluded", to_string(type))};
  if (auto why = unusable(info, policy); !why.empty()) return {1, std::move(why)};
  if (type == DeviceType::rpc && wish.only.empty())
    return {2, "a worker on another machine is only taken where a wish names rpc"};
  if (const auto variable = variable_that_leaves_out(type, wish, policy); !variable.empty())
    return {2, fmt::format("left out by {}=false", variable)};
  if (!wish.engine.empty() && std::ranges::find(info.engines, wish.engine, &DeviceName::in) == info.engines.end())
    return {3, fmt::format("{} cannot use it", wish.engine)};
  for (const auto& number_type : wish.types)
    if (number_type != "fp32" && !contains(info.types, number_type))
      return {4, fmt::format("it does not compute in {}", number_type)};
  if (info.free_bytes < wish.min_free_bytes)
    return {5, fmt::format("{} free, {} were asked for", in_units(info.free_bytes), in_units(wish.min_free_bytes))};
  return {6};
}

std::string unusable(const DeviceInfo& info, const ResolvePolicy& policy, std::string_view it) {
  if (info.engines.empty()) return fmt::format("no engine of this build can use {}", it);
  const auto counts = [&](const DeviceName& engine) {
    return policy.engines.empty() || contains(policy.engines, engine.in);
  };
  if (std::ranges::any_of(info.engines, counts)) return {};
  std::vector<std::string_view> others;
  for (const auto& engine : info.engines)
    if (!contains(others, engine.in)) others.push_back(engine.in);
  return fmt::format("{} cannot use {}, only {}", fmt::join(policy.engines, " or "), it, fmt::join(others, " or "));
}

std::string nearest_devices(const Device& wanted, const Inventory& inventory) {
  std::vector<std::string> names;
  for (const bool same_type : {true, false})
    for (const auto& info : inventory.devices)
      if ((info.device.type() == wanted.type()) == same_type) names.push_back(info.device.str());
  return names.empty() ? "none" : first_few(names, ", ");
}

std::string first_few(std::span<const std::string> texts, std::string_view separator) {
  constexpr std::size_t few = 8;
  const auto shown = texts.first(std::min(texts.size(), few));
  const auto text = fmt::format("{}", fmt::join(shown, separator));
  return texts.size() > few ? fmt::format("{}{}and {} more", text, separator, texts.size() - few) : text;
}

}  // namespace berth
