#include "resolve/candidates.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "text/bytes.h"

namespace berth {
namespace {

template <class List, class T>
bool contains(const List& list, const T& value) {
  return std::ranges::find(list, value) != list.end();
}

std::string_view variable_that_leaves_out(DeviceType type, const ResolvePolicy& policy) {
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

std::string unmet(const Wish& wish, const DeviceInfo& info, const ResolvePolicy& policy) {
  const auto type = info.device.type();
  if (type == DeviceType::disk) return "a disk computes nothing";
  if (info.engines.empty()) return "no engine of this build can use it";
  if (const auto variable = variable_that_leaves_out(type, policy); !variable.empty())
    return fmt::format("left out by {}=false", variable);
  if (!wish.only.empty() && !contains(wish.only, type)) return "of another type than was asked for";
  if (contains(wish.except, type)) return fmt::format("{} is excluded", to_string(type));
  if (!wish.engine.empty() && std::ranges::find(info.engines, wish.engine, &DeviceName::in) == info.engines.end())
    return fmt::format("{} cannot use it", wish.engine);
  if (info.free_bytes < wish.min_free_bytes)
    return fmt::format("{} free, {} were asked for", in_units(info.free_bytes), in_units(wish.min_free_bytes));
  for (const auto& number_type : wish.types)
    if (!contains(info.types, number_type)) return fmt::format("it does not compute in {}", number_type);
  return {};
}

std::string nearest_devices(const Device& wanted, const Inventory& inventory) {
  std::vector<std::string> names;
  for (const bool same_type : {true, false})
    for (const auto& info : inventory.devices)
      if ((info.device.type() == wanted.type()) == same_type) names.push_back(info.device.str());
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace berth
