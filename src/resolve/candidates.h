/// Which devices of a machine come into question, and why the others do not.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "berth/resolve.h"

namespace berth {

/// What "gpu" means in a wish.
inline constexpr std::array gpus = {DeviceType::cuda, DeviceType::xpu, DeviceType::mps, DeviceType::vulkan};

/// Why a device is not what a wish asks for.
struct Unmet {
  int met = 0;           ///< of the terms, in the order of asking: the more, the nearer it is to what was asked for
  std::string why = {};  ///< empty where it is all of what was asked for
};
Unmet unmet(const Wish& wish, const DeviceInfo& info, const ResolvePolicy& policy);

/// Why no engine that counts can use the device, which is called `it` there; empty where one can.
std::string unusable(const DeviceInfo& info, const ResolvePolicy& policy, std::string_view it = "it");

/// Haystack's order of types, and Berth's own after it. Lower comes first.
int type_rank(DeviceType type);

/// "cuda:0, cuda:1, cpu", of those that `wanted` may have meant the nearest first: the same type, then the others. "none"
/// where there is none.
std::string nearest_devices(const Device& wanted, const Inventory& inventory);

/// The first eight with `separator` between them, and how many there are more.
std::string first_few(std::span<const std::string> texts, std::string_view separator);

}  // namespace berth
