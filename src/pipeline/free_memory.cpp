#include "pipeline/free_memory.h"

#include <utility>

namespace berth {

bool FreeMemory::take(const std::vector<DeviceUse>& use) {
  auto left = left_;
  for (const auto& each : use) {
    if (each.device.type() == DeviceType::disk) continue;
    const auto [found, is_new] = left.try_emplace(each.device.str());
    if (is_new) found->second = free_on(each.device);
    if (found->second < each.total()) return false;
    found->second -= each.total();
  }
  left_ = std::move(left);
  return true;
}

std::uint64_t FreeMemory::free_on(const Device& device) {
  if (device.type() == DeviceType::cpu) return available_memory_bytes();
  if (!machine_) machine_ = find_machine_();
  const auto* info = machine_->find(device);
  return info == nullptr || !info->free_is_known ? UINT64_MAX : info->free_bytes;
}

}  // namespace berth
