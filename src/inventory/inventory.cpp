#include "berth/inventory.h"

#include <algorithm>

#include "inventory/inventory_fields.h"

namespace berth {
namespace {

template <class Enum>
std::string_view name_of(Enum value) {
  const auto& names = structs::NamesOf<Enum>::all;
  const auto index = static_cast<std::size_t>(value);
  return index < names.size() ? names[index] : "unknown";
}

}  // namespace

std::string_view to_string(ProbeOutcome outcome) { return name_of(outcome); }
std::string_view to_string(LinkKind kind) { return name_of(kind); }

const DeviceInfo* Inventory::find(const Device& device) const {
  const auto is_meant = [&](const DeviceInfo& info) {
    if (info.device.type() != device.type()) return false;
    return !device.id() || device.id() == info.device.id() || (device.id() == 0 && !info.device.id());
  };
  // No id comes before all ids. What is not in order, such as a list made by hand, is looked through.
  const auto likely = std::ranges::lower_bound(devices, device, {}, &DeviceInfo::device);
  if (likely != devices.end() && is_meant(*likely)) return &*likely;
  const auto found = std::ranges::find_if(devices, is_meant);
  return found == devices.end() ? nullptr : &*found;
}

const MemoryPool* Inventory::pool(std::string_view id) const {
  const auto found = std::ranges::find(pools, id, &MemoryPool::id);
  return found == pools.end() ? nullptr : &*found;
}

}  // namespace berth
